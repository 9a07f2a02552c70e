import assert from "node:assert/strict";
import { evaluationsOf } from "../../src/sample/evaluations.ts";
import type { SamplerName, SchedulerName } from "../../src/sample/names.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";
import { runOf } from "../../src/sample/scaling.ts";
import { samplers } from "../../src/sample/samplers.ts";
import { makeSchedule } from "../../src/sample/schedule.ts";
import type { Evaluate, LatentSpace, SchedulerConfig } from "../../src/sample/types.ts";
import trajectories from "../golden/sample/trajectories.json" with { type: "json" };
import { floats, near } from "./floats.ts";

interface Trajectory {
  sampler: SamplerName;
  config: SchedulerConfig;
  steps: number;
  options: { eta?: number; start?: number; scheduler?: SchedulerName; xl?: boolean };
  /** Standard deviation of the first latents. */
  scale: number;
  /** Of the schedule, where the class has them. */
  sigmas: string;
  /** The timestep of every call of the network. */
  calls: string;
  /** The latents after every step. */
  path: string;
}

const SIZE = 16;
const goldens = Map.groupBy(trajectories as Trajectory[], ({ sampler }) => sampler);

for (const sampler of Object.keys(samplers) as SamplerName[]) {
  Deno.test(`${sampler} follows diffusers or k-diffusion step by step`, async () => {
    for (const golden of goldens.get(sampler)!) {
      const { config, steps, options, scale } = golden;
      const label = `${steps} steps ${JSON.stringify(options)} of ${JSON.stringify(config)}`;
      const schedule = makeSchedule(config, sampler, steps, options);
      const sigmas = floats(golden.sigmas), calls = floats(golden.calls), path = floats(golden.path);

      // An ulp, because torch's square root is not correctly rounded. The roots of zero SNR cancel; EDM's ρ is 7;
      // schedules by name go through logarithms in f32.
      const rough = config.rescale_betas_zero_snr || schedule.edm || options.scheduler;
      sigmas.forEach((sigma, i) =>
        near(schedule.sigmas[i], sigma, (rough ? 2e-6 : 1.2e-7) * sigma, `σ ${i}, ${label}`)
      );
      near(schedule.initialScale, scale, (options.scheduler ? 3e-7 : 1.2e-7) * scale, `initial scale, ${label}`);

      const run = await trajectory(golden);
      assert.equal(run.calls.length, calls.length, `calls, ${label}`);
      const counted = evaluationsOf(sampler, schedule, steps - (options.start ?? 0));
      // PNDM's only step has no second evaluation, but one is counted: it has one where a run begins in the middle.
      const most = sampler === "pndm" && steps === 1 ? 2 : calls.length;
      assert.equal(counted, most, `evaluations counted ahead, ${label}`);
      const fractional = schedule.edm || calls.some((t) => !Number.isInteger(t));
      // Off the steps' own places t is found by ln σ, of which a rounding is a ten-thousandth of a timestep.
      const between = ["dpm2", "dpm2_a", "dpm++sde", "dpm++2s_a"].includes(sampler) || options.scheduler ? 3e-4 : 0;
      const slack = (t: number) => Math.max(between, fractional ? 1e-6 * Math.max(1, t) : 0);
      calls.forEach((t, i) => near(run.calls[i], t, slack(t), `timestep ${i}, ${label}`));
      // 64 roundings of the largest values at hand
      const tolerance = 8e-6 * Math.max(scale, ...path.map(Math.abs));
      assert.equal(run.path.length, path.length, `steps, ${label}`);
      path.forEach((x, i) => near(run.path[i], x, tolerance, `latent ${i % SIZE} of step ${i / SIZE | 0}, ${label}`));
    }
  });
}

async function trajectory(
  { sampler, config, steps, options }: Trajectory,
): Promise<{ calls: number[]; path: number[] }> {
  const generator = noiseGenerator("cpu", 7);
  const calls: number[] = [], path: number[] = [];
  const network: Evaluate<Float32Array> = (x, { timestep, inputScale }) => {
    calls.push(timestep);
    last = x.map((value, place) => {
      const u = Math.fround(value * inputScale);
      return 0.9 * u / (1 + 0.05 * u * u) + 0.0002 * timestep + 0.02 * place - 0.15;
    });
    return Promise.resolve(last);
  };
  const space = arraySpace(() => generator.normal(SIZE));
  let last: Float32Array;
  const negative = () => last.map((value) => 0.6 * value + 0.05);
  const schedule = makeSchedule(config, sampler, steps, options);
  const x = space.combine([[schedule.initialScale, space.noise()]]);
  for await (const step of samplers[sampler](runOf(space, network, schedule, { ...options, negative }), x)) {
    path.push(...step.x);
  }
  return { calls, path };
}

function arraySpace(noise: () => Float32Array): LatentSpace<Float32Array> {
  return {
    noise,
    combine: (terms, limit = Infinity) =>
      terms[0][1].map((_, i) => {
        const sum = terms.reduce((sum, [c, value]) => sum + c * value[i], 0);
        return Math.max(-limit, Math.min(limit, sum));
      }),
  };
}

Deno.test("samplers need only what they keep from step to step", async () => {
  const config = { ...SD15, skip_prk_steps: false };
  for (const sampler of Object.keys(samplers) as SamplerName[]) {
    for (const skip_prk_steps of [true, false]) {
      const schedule = makeSchedule({ ...config, skip_prk_steps, solver_order: 3 }, sampler, 8);
      const space = arraySpace(() => Float32Array.of(0.5));
      const plain: number[] = [], scrubbed: number[] = [];
      const made = new Set<Float32Array>();
      const network: Evaluate<Float32Array> = (x) => Promise.resolve(x.map((value) => value / (1 + value * value)));
      const first = () => Float32Array.of(schedule.initialScale);
      for await (const { x } of samplers[sampler](runOf(space, network, schedule), first())) plain.push(x[0]);

      const noted = <V extends Float32Array>(value: V): V => (made.add(value), value);
      const strict: LatentSpace<Float32Array> = {
        combine: (terms, limit) => noted(space.combine(terms, limit)),
        noise: () => noted(space.noise()),
      };
      const strictNetwork: Evaluate<Float32Array> = async (x, call) => noted(await network(x, call));
      for await (const step of samplers[sampler](runOf(strict, strictNetwork, schedule), noted(first()))) {
        scrubbed.push(step.x[0]);
        for (const value of made) if (!step.keep.includes(value)) value.fill(NaN);
      }
      assert.deepEqual(scrubbed, plain, sampler);
      assert.equal(plain.length, 8);
    }
  }
});

const SD15: SchedulerConfig = {
  beta_schedule: "scaled_linear",
  beta_start: 0.00085,
  beta_end: 0.012,
  steps_offset: 1,
  set_alpha_to_one: false,
};

Deno.test("euler_a with less fresh noise comes nearer to euler, and is euler without any", async () => {
  const schedule = makeSchedule(SD15, "euler_a", 12);
  const run = async (sampler: SamplerName, eta?: number) => {
    const generator = noiseGenerator("cpu", 3);
    const space = arraySpace(() => generator.normal(SIZE));
    const network: Evaluate<Float32Array> = (x) => Promise.resolve(x.map((value) => value / (1 + value * value)));
    const first = space.combine([[schedule.initialScale, space.noise()]]);
    let last = first;
    for await (const { x } of samplers[sampler](runOf(space, network, schedule, { eta }), first)) last = x;
    return last;
  };
  const plain = await run("euler");
  const [none, little, all] = [await run("euler_a", 0), await run("euler_a", 0.1), await run("euler_a", 1)];
  const away = (x: Float32Array) => Math.hypot(...x.map((value, i) => value - plain[i]));
  assert.deepEqual(none, plain);
  assert.deepEqual(all, await run("euler_a"));
  assert.ok(away(little) > 0 && away(little) < away(all));
});
