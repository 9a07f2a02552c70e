/**
 * Timesteps and noise levels of a run.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { alphaBarAt, alphaBars } from "./alpha_bar.ts";
import { exploding, levelOfAlphaBar, preserving } from "./level.ts";
import { roundHalfEven } from "./linspace.ts";
import { klOptimal, namedSchedules } from "./named_schedules.ts";
import type { SamplerName, SchedulerName } from "./names.ts";
import { isEdm, readSettings } from "./scheduler_settings.ts";
import { beta, exponential, karras, type SigmaCurve, timestepOfSigma, uniformLambda } from "./sigma_curves.ts";
import { isSolver, isTabled, lcmTimesteps, spacedTimesteps } from "./timesteps.ts";
import type { Schedule, SchedulerConfig, SchedulerSettings, Stride } from "./types.ts";

const f = Math.fround;

/**
 * The schedule with which diffusers' class for `sampler` would run `config`.
 * @param config the model's scheduler_config.json
 * @param steps how many steps, from 1 to the number of training timesteps
 * @param options `scheduler` overrides how the config spreads its noise levels or spaces its timesteps; `xl` says that
 * the model is of SDXL's family, which some schedules were made for
 * @throws {ModelError} the config holds something that cannot be used
 * @throws {UsageError} `steps` or `scheduler` does not suit the sampler
 */
export function makeSchedule(
  config: SchedulerConfig,
  sampler: SamplerName,
  steps: number,
  options: { scheduler?: SchedulerName; xl?: boolean } = {},
): Schedule {
  const settings = readSettings(config, sampler, options.scheduler);
  const T = settings.num_train_timesteps;
  if (!Number.isInteger(steps) || steps < 1 || steps > T) {
    throw new UsageError(`${steps} steps are not a whole number from 1 to ${T}.`);
  }
  if (isEdm(config)) return edmSchedule(settings, steps, options.scheduler);
  return isTabled(sampler) ? alphaSchedule(settings, sampler, steps) : sigmaSchedule(settings, sampler, steps, options);
}

/** Samplers that step between entries of the training's table of ᾱ. */
function alphaSchedule(settings: SchedulerSettings, sampler: SamplerName, steps: number): Schedule {
  const T = settings.num_train_timesteps;
  const timesteps = sampler === "lcm" ? lcmTimesteps(settings, steps) : spacedTimesteps(settings, sampler, steps, T);
  if (timesteps[0] >= T) {
    throw new UsageError(`${steps} steps begin at timestep ${timesteps[0]}, past the last of ${T}; use fewer.`);
  }
  if (sampler === "pndm" && !settings.skip_prk_steps && steps < 4) {
    throw new UsageError(
      `pndm starts with three Runge–Kutta steps for this model: it takes 4 steps or more, not ${steps}.`,
    );
  }
  const alphaBar = alphaBarAt(settings);
  const at = (timestep: number) => levelOfAlphaBar(alphaBar(timestep), timestep);
  if (alphaBar(timesteps[0]) === 0 && settings.prediction_type === "epsilon") {
    throw new ModelError("A model that predicts noise cannot start from zero terminal SNR; it needs v-prediction.");
  }
  const sigmas = [...timesteps, -1].map(alphaBar).map((bar) => f(Math.sqrt((1 - bar) / bar)));
  // DDIM and PNDM go down by equal strides, wherever the next step then begins.
  const stride = Math.floor(T / timesteps.length);
  const strides = timesteps.map((t, i) => ({
    from: at(t),
    to: at(sampler === "lcm" ? timesteps[i + 1] ?? -1 : t - stride),
  }));
  const logs = alphaBars(settings).map((bar) => Math.log((1 - bar) / bar) / 2);
  const level = (ratio: number) => levelOfAlphaBar(1 / (1 + ratio ** 2), timestepOfSigma(ratio, logs));
  return { edm: false, settings, timesteps, sigmas, initialScale: 1, strides, at, level };
}

/** Samplers that step between noise levels σ = √((1 − ᾱ) / ᾱ), in the table or between its entries. */
function sigmaSchedule(
  settings: SchedulerSettings,
  sampler: SamplerName,
  steps: number,
  { scheduler, xl = false }: { scheduler?: SchedulerName; xl?: boolean },
): Schedule {
  const bars = alphaBars(settings);
  // Just short of zero SNR, so that the first σ is finite.
  if (settings.rescale_betas_zero_snr) bars[bars.length - 1] = 2 ** -24;
  const table = bars.map((bar) => Math.sqrt(f(f(1 - bar) / bar)));
  const logs = table.map(Math.log);

  const clipped = logs.filter((log) => -log < (settings.lambda_min_clipped ?? -Infinity)).length;
  let timesteps = spacedTimesteps(settings, sampler, steps, table.length - clipped);
  let sigmas = timesteps.map((t) => interpolate(table, t));
  let end = settings.final_sigmas_type === "sigma_min" ? table[0] : 0;
  const curve = chosenCurve(settings);
  const named = scheduler && namedSchedules[scheduler];
  if (named) {
    sigmas = named(steps, { sigmas: table, logs, xl });
    timesteps = sigmas.map((sigma) => timestepOfSigma(sigma, logs));
  } else if (curve) {
    // The solvers spread σ over all of the table, the others over what the spacing has selected.
    const [max, min] = isSolver(sampler) ? [table[table.length - 1], table[0]] : [sigmas[0], sigmas[sigmas.length - 1]];
    sigmas = curve(settings.sigma_max ?? max, settings.sigma_min ?? min, steps);
    timesteps = sigmas.map((sigma) => timestepOfSigma(sigma, logs));
    if (isSolver(sampler)) {
      const rounds = sampler === "unipc" || settings.beta_schedule !== "squaredcos_cap_v2";
      const whole = rounds && (curve === karras || curve === uniformLambda) ? roundHalfEven : Math.trunc;
      timesteps = timesteps.map(whole);
    }
    if (["dpm2", "dpm2_a"].includes(sampler) && curve === karras) timesteps = timesteps.map(roundHalfEven);
    if (sampler === "unipc" && end > 0) end = sigmas[steps - 1];
  }
  sigmas = [...sigmas, end].map(f);
  const max = Math.max(...sigmas);
  const initialScale = isSolver(sampler) ? 1 : settings.timestep_spacing === "leading" ? Math.hypot(max, 1) : max;
  timesteps = timesteps.map(f);
  const levelOf = isSolver(sampler) ? preserving : exploding;
  const at = (timestep: number) => levelOf(interpolate(table, timestep), timestep);
  const level = (ratio: number) => levelOf(ratio, timestepOfSigma(ratio, logs));
  const strides = chain(levelOf, sigmas, timesteps);
  return { edm: false, settings, timesteps, sigmas, initialScale, strides, at, level };
}

/** Karras et al.'s formulation, which knows no table: the network is told ¼ ln σ. */
function edmSchedule(settings: SchedulerSettings, steps: number, scheduler?: SchedulerName): Schedule {
  const { sigma_min, sigma_max, sigma_schedule, rho, final_sigmas_type } = settings as Required<SchedulerSettings>;
  if (settings.prediction_type === "sample") throw new ModelError("An EDM model cannot have prediction_type = sample.");
  const curve = scheduler === "kl_optimal" ? klOptimal : sigma_schedule === "karras" ? karras : exponential;
  const sigmas = [...curve(sigma_max, sigma_min, steps, rho), final_sigmas_type === "sigma_min" ? sigma_min : 0].map(f);
  const timesteps = sigmas.slice(0, steps).map((sigma) => f(0.25 * Math.log(sigma)));
  const strides = chain(exploding, sigmas, timesteps);
  const at = (timestep: number) => exploding(Math.exp(4 * timestep), timestep);
  const level = (ratio: number) => exploding(ratio, 0.25 * Math.log(ratio));
  return { edm: true, settings, timesteps, sigmas, initialScale: Math.hypot(sigma_max, 1), strides, at, level };
}

/** Each step ends where the next begins. The last level is the picture, of which the network is told nothing. */
function chain(level: typeof exploding, sigmas: readonly number[], timesteps: readonly number[]): Stride[] {
  const levels = sigmas.map((sigma, i) => level(sigma, timesteps[i] ?? 0));
  return timesteps.map((_, i) => ({ from: levels[i], to: levels[i + 1] }));
}

function chosenCurve(settings: SchedulerSettings): SigmaCurve | undefined {
  if (settings.use_karras_sigmas) return karras;
  if (settings.use_lu_lambdas) return uniformLambda;
  if (settings.use_exponential_sigmas) return exponential;
  return settings.use_beta_sigmas ? beta : undefined;
}

/** The table at a whole or fractional timestep; beyond its ends, its ends. */
function interpolate(table: Float32Array, t: number): number {
  const low = Math.min(Math.floor(t), table.length - 1);
  const next = table[Math.min(low + 1, table.length - 1)];
  return (next - table[low]) * (t - low) + table[low];
}
