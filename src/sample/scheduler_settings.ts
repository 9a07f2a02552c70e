/**
 * From a model's scheduler_config.json to the settings of the sampler that runs: the file's own keys stay, the defaults
 * of the sampler's class in diffusers fill the rest, and keys of other classes do not count.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError, UsageError } from "../errors.ts";
import { classDefaults, fixedKeys } from "./class_defaults.ts";
import { namedSchedules } from "./named_schedules.ts";
import { samplerByName, type SamplerName, SCHEDULER_NAMES, type SchedulerName } from "./names.ts";
import { isTabled } from "./timesteps.ts";
import type { SchedulerConfig, SchedulerSettings } from "./types.ts";

const spellings: { [key in keyof SchedulerSettings]?: readonly string[] } = {
  beta_schedule: ["linear", "scaled_linear", "squaredcos_cap_v2"],
  prediction_type: ["epsilon", "v_prediction", "sample"],
  timestep_spacing: ["leading", "trailing", "linspace"],
  final_sigmas_type: ["zero", "sigma_min"],
  solver_type: ["midpoint", "heun", "logrho", "bh1", "bh2"],
  sigma_schedule: ["karras", "exponential"],
};

/** Whole numbers and how large they can sensibly be. */
const ranges: { [key in keyof SchedulerSettings]?: readonly [least: number, most: number] } = {
  num_train_timesteps: [1, 100_000],
  steps_offset: [0, 100_000],
  solver_order: [1, 3],
  original_inference_steps: [1, 100_000],
};

/** Shares of noise that one training step adds; at 1 nothing of the picture is left. */
const shares: readonly (keyof SchedulerSettings)[] = ["beta_start", "beta_end"];

const noCurve = {
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  use_beta_sigmas: false,
  use_lu_lambdas: false,
};

/** What a schedule's name sets. */
const schedulerKeys: Record<SchedulerName, SchedulerConfig> = {
  normal: noCurve,
  karras: { ...noCurve, use_karras_sigmas: true },
  exponential: { ...noCurve, use_exponential_sigmas: true },
  beta: { ...noCurve, use_beta_sigmas: true },
  leading: { timestep_spacing: "leading" },
  trailing: { timestep_spacing: "trailing" },
  linspace: { timestep_spacing: "linspace" },
  sgm_uniform: noCurve,
  simple: noCurve,
  kl_optimal: noCurve,
  align_your_steps: noCurve,
};
const schedulerKeysEdm: Partial<typeof schedulerKeys> = {
  karras: { sigma_schedule: "karras" },
  exponential: { sigma_schedule: "exponential" },
  kl_optimal: {},
};

/** The samplers that can run an EDM model: those of its classes, and k-diffusion's. */
const edmSamplers: readonly SamplerName[] = [
  "dpm++2m",
  "dpm++2m_sde",
  "euler",
  "dpm++2s_a",
  "dpm++sde",
  "dpm++3m_sde",
  "euler_cfg++",
  "euler_a_cfg++",
];

/** Whether a config is of Karras et al.'s formulation (EDM), as Playground v2.5's is. */
export function isEdm(config: SchedulerConfig): boolean {
  return config._class_name?.startsWith("EDM") ?? false;
}

/** The sampler a model's own config asks for. @throws {ModelError} where it is none of ours. */
export function configuredSampler(config: SchedulerConfig): SamplerName {
  const { _class_name, algorithm_type = "dpmsolver++" } = config;
  try {
    const sampler = samplerByName(String(_class_name));
    return sampler === "dpm++2m" ? samplerByName(String(algorithm_type)) : sampler;
  } catch (cause) {
    const what = briefText(`${_class_name}${"algorithm_type" in config ? ` (${brief(algorithm_type)})` : ""}`);
    throw new ModelError(`The model asks for the scheduler ${what}, which is not supported; choose a sampler for it.`, {
      cause,
    });
  }
}

/**
 * The settings `sampler` runs with.
 * @throws {ModelError} a key of the config has a value of the wrong kind or one that is not done here
 * @throws {UsageError} `sampler` cannot do what `scheduler` asks, or cannot run an EDM model
 */
export function readSettings(
  config: SchedulerConfig,
  sampler: SamplerName,
  scheduler?: SchedulerName,
): SchedulerSettings {
  const edm = isEdm(config);
  if (edm && !edmSamplers.includes(sampler)) {
    throw new UsageError(`An EDM model runs with ${edmSamplers.join(", ")}, not with ${sampler}.`);
  }
  const keys: Partial<Record<SchedulerName, SchedulerConfig>> = edm ? schedulerKeysEdm : schedulerKeys;
  const tabled = isTabled(sampler);
  const defaults: Partial<SchedulerSettings> = classDefaults[edm ? "edm" : sampler];
  // A curve by name suits every sampler between noise levels, also where its class has no key for it.
  const knownFor = (chosen?: SchedulerConfig) =>
    chosen && !edm && !tabled && "use_karras_sigmas" in chosen ? { ...noCurve, ...defaults } : defaults;
  const suits = (name: SchedulerName) => {
    const chosen = keys[name];
    if (!chosen || name in namedSchedules && tabled) return false;
    const known = knownFor(chosen);
    return Object.keys(chosen).every((key) => key in known || chosen[key] === false);
  };
  if (scheduler && !suits(scheduler)) {
    const others = SCHEDULER_NAMES.filter(suits).join(", ");
    throw new UsageError(
      `The sampler ${sampler}${edm ? " on an EDM model" : ""} has no ${scheduler} schedule` +
        `${others ? `, only ${others}` : ""}. Choose another sampler, or leave --scheduler out.`,
    );
  }
  const chosen = scheduler && keys[scheduler];
  const known = knownFor(chosen);
  const merged = { ...config, ...chosen };
  for (const [key, only] of Object.entries(fixedKeys[edm ? "edm" : sampler] ?? {})) {
    if ((merged[key] ?? only) !== only) throw badValue(key, merged[key], `here it can only be ${only}`);
  }
  const settings = Object.fromEntries(
    Object.entries(known).map(([key, fallback]) => [key, read(merged, key as keyof SchedulerSettings, fallback)]),
  );
  const curves = Object.keys(noCurve).filter((key) => settings[key]);
  if (curves.length > 1) throw new ModelError(`The scheduler config sets ${curves.join(" and ")}; only one can hold.`);
  return settings as unknown as SchedulerSettings;
}

function read(config: SchedulerConfig, key: keyof SchedulerSettings, fallback: unknown): unknown {
  const value = config[key] ?? fallback;
  const wanted = kind(fallback ?? (key === "trained_betas" ? [] : 0));
  if (value !== undefined && kind(value) !== wanted) throw badValue(key, value, `expected a ${wanted}`);
  const known = spellings[key];
  if (known && !known.includes(value as string)) throw badValue(key, value, `expected one of ${known.join(", ")}`);
  const [least, most] = ranges[key] ?? [-Infinity, Infinity];
  if (ranges[key] && !(Number.isInteger(value) && value as number >= least && value as number <= most)) {
    throw badValue(key, value, `expected a whole number from ${least} to ${most}`);
  }
  if (shares.includes(key) && !(value as number >= 0 && value as number < 1)) {
    throw badValue(key, value, "expected a number from 0 to below 1");
  }
  return value;
}

function kind(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

function badValue(key: string, value: unknown, reason: string): ModelError {
  return new ModelError(`The scheduler config has ${key} = ${brief(value)}; ${reason}.`);
}
