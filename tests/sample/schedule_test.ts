import assert from "node:assert/strict";
import { ModelError, UsageError } from "../../src/errors.ts";
import { samplerByName, schedulerByName } from "../../src/sample/names.ts";
import { makeSchedule } from "../../src/sample/schedule.ts";
import { configuredSampler } from "../../src/sample/scheduler_settings.ts";
import type { SchedulerConfig } from "../../src/sample/types.ts";

const SDXL: SchedulerConfig = {
  _class_name: "EulerDiscreteScheduler",
  beta_schedule: "scaled_linear",
  beta_start: 0.00085,
  beta_end: 0.012,
  steps_offset: 1,
  timestep_spacing: "leading",
};
const EDM: SchedulerConfig = { _class_name: "EDMDPMSolverMultistepScheduler" };

Deno.test("every spelling of a sampler and a schedule is understood", () => {
  for (
    const name of ["dpm++2m", "DPM++ 2M", "dpmpp_2m", "k_dpmpp_2m", "DPMSolverMultistep", "DPMSolverMultistepScheduler"]
  ) {
    assert.equal(samplerByName(name), "dpm++2m");
  }
  for (const name of ["euler_a", "Euler a", "k_euler_a", "EulerAncestralDiscrete", "EulerAncestralDiscreteScheduler"]) {
    assert.equal(samplerByName(name), "euler_a");
  }
  assert.equal(samplerByName("DPM++ 2M SDE"), "dpm++2m_sde");
  assert.equal(samplerByName("plms"), "pndm");
  assert.equal(schedulerByName("Karras"), "karras");
  assert.equal(schedulerByName("SGM Uniform"), "sgm_uniform");
  assert.equal(schedulerByName("ays"), "align_your_steps");
  for (const name of ["DPM++ 2S a", "dpmpp_2s_ancestral", "dpm++2s_a"]) assert.equal(samplerByName(name), "dpm++2s_a");
  assert.equal(samplerByName("DPM++ SDE"), "dpm++sde");
  assert.equal(samplerByName("dpmpp_3m_sde"), "dpm++3m_sde");
  assert.equal(samplerByName("euler_cfg_pp"), "euler_cfg++");
});

Deno.test("an unknown name is answered with the nearest known one", () => {
  assert.equal(samplerByName("dpmpp_2m_sde_gpu"), "dpm++2m_sde");
  assert.throws(
    () => samplerByName("DPM++ 2M SDE Align Your Steps"),
    matching(UsageError, /--sampling-method dpm\+\+2m_sde --scheduler align_your_steps/),
  );
  assert.throws(() => samplerByName("eulr"), matching(UsageError, /"eulr".*Did you mean "euler"/));
  assert.throws(() => schedulerByName("karas"), matching(UsageError, /"karas".*Did you mean "karras"/));
});

Deno.test("a model's config names its sampler", () => {
  const sde = { _class_name: "DPMSolverMultistepScheduler", algorithm_type: "sde-dpmsolver++" };
  assert.equal(configuredSampler(SDXL), "euler");
  assert.equal(configuredSampler(sde), "dpm++2m_sde");
  assert.equal(configuredSampler(EDM), "dpm++2m");
  assert.throws(() => configuredSampler({ _class_name: "DDPMScheduler" }), matching(ModelError, /DDPMScheduler/));
});

Deno.test("a schedule by name sets the config's own keys", () => {
  for (const curve of ["karras", "exponential", "beta"] as const) {
    const byKey = makeSchedule({ ...SDXL, [`use_${curve}_sigmas`]: true }, "dpm++2m", 8);
    const byName = makeSchedule(SDXL, "dpm++2m", 8, { scheduler: curve });
    const plain = { at: undefined, level: undefined };
    assert.deepEqual({ ...byName, ...plain }, { ...byKey, ...plain });
    assert.notDeepEqual(byKey.sigmas, makeSchedule(SDXL, "dpm++2m", 8, { scheduler: "normal" }).sigmas);
  }
  assert.deepEqual(makeSchedule(SDXL, "euler_a", 4, { scheduler: "trailing" }).timesteps, [999, 749, 499, 249]);
});

Deno.test("a schedule by name suits samplers whose class has no key for it", () => {
  const { sigmas } = makeSchedule(SDXL, "euler_a", 8, { scheduler: "karras" });
  assert.deepEqual(sigmas, makeSchedule(SDXL, "euler", 8, { scheduler: "karras" }).sigmas);
  assert.deepEqual(makeSchedule(SDXL, "unipc", 3, { scheduler: "kl_optimal" }).sigmas.map((s) => s.toFixed(3)), [
    "14.615",
    "0.962",
    "0.029",
    "0.000",
  ]);
});

Deno.test("published timesteps: leading differs by class", () => {
  assert.equal(makeSchedule(SDXL, "euler", 20).timesteps[0], 951);
  assert.equal(makeSchedule(SDXL, "dpm++2m", 20).timesteps[0], 941);
  const trained = makeSchedule({ ...SDXL, timestep_spacing: "linspace" }, "euler", 20).sigmas;
  assert.deepEqual([trained[0], trained[19]].map((sigma) => sigma.toFixed(4)), ["14.6146", "0.0292"]);
});

Deno.test("what a sampler cannot do is refused", () => {
  const refused: [RegExp, typeof ModelError | typeof UsageError, () => unknown][] = [
    [
      /ddim has no karras schedule, only normal, leading, trailing, linspace\. Choose another sampler/,
      UsageError,
      () => makeSchedule(SDXL, "ddim", 8, { scheduler: "karras" }),
    ],
    [/pndm has no kl_optimal/, UsageError, () => makeSchedule(SDXL, "pndm", 8, { scheduler: "kl_optimal" })],
    [/EDM model has no simple/, UsageError, () => makeSchedule(EDM, "euler", 8, { scheduler: "simple" })],
    [/lcm has no trailing/, UsageError, () => makeSchedule(SDXL, "lcm", 8, { scheduler: "trailing" })],
    [/EDM model runs with.*not with heun/, UsageError, () => makeSchedule(EDM, "heun", 8)],
    [/0 steps/, UsageError, () => makeSchedule(SDXL, "euler", 0)],
    [/1001 steps/, UsageError, () => makeSchedule(SDXL, "euler", 1001)],
    [/at most 50 steps.*not 51/, UsageError, () => makeSchedule(SDXL, "lcm", 51)],
    [/timestep 1000/, UsageError, () => makeSchedule(SDXL, "ddim", 1000)],
    [/beta_start = "low"; expected a number/, ModelError, () => makeSchedule({ beta_start: "low" }, "euler", 8)],
    [/beta_end = 1; expected a number from 0 to below 1/, ModelError, () => makeSchedule({ beta_end: 1 }, "euler", 8)],
    [/beta_start = -0.1; expected/, ModelError, () => makeSchedule({ beta_start: -0.1 }, "euler", 8)],
    [
      /prediction_type = "flow"; expected one of/,
      ModelError,
      () => makeSchedule({ prediction_type: "flow" }, "euler", 8),
    ],
    [/thresholding = true/, ModelError, () => makeSchedule({ thresholding: true }, "ddim", 8)],
    [
      /solver_order = 4; expected a whole number from 1 to 3/,
      ModelError,
      () => makeSchedule({ solver_order: 4 }, "unipc", 8),
    ],
    [/2 trained_betas; expected 1000/, ModelError, () => makeSchedule({ trained_betas: [0.1, 0.2] }, "euler", 8)],
    [/4 steps or more, not 3/, UsageError, () => makeSchedule({}, "pndm", 3)],
    [/zero terminal SNR/, ModelError, () => {
      makeSchedule({ rescale_betas_zero_snr: true, timestep_spacing: "trailing" }, "ddim", 8);
    }],
    [/use_karras_sigmas and use_beta_sigmas/, ModelError, () => {
      makeSchedule({ use_karras_sigmas: true, use_beta_sigmas: true }, "euler", 8);
    }],
  ];
  for (const [message, kind, attempt] of refused) assert.throws(attempt, matching(kind, message));
  // Keys of another class do not count.
  assert.ok(makeSchedule({ thresholding: true, use_karras_sigmas: true, use_beta_sigmas: true }, "euler_a", 8));
});

function matching(kind: typeof ModelError | typeof UsageError, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    return true;
  };
}
