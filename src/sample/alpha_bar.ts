/**
 * The training noise schedule.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { linspace32 } from "./linspace.ts";
import type { SchedulerSettings } from "./types.ts";

const f = Math.fround;

/**
 * ᾱₜ = Π (1 − βᵢ) for every training timestep, rounded to f32 where torch rounds.
 *
 * With `rescale_betas_zero_snr` the last is 0 (Lin et al., "Common Diffusion Noise Schedules and Sample Steps are
 * Flawed", algorithm 1).
 */
export function alphaBars(settings: SchedulerSettings): Float32Array {
  const bars = products(betas(settings).map((beta) => 1 - beta));
  return settings.rescale_betas_zero_snr ? zeroTerminalSnr(bars) : bars;
}

/** ᾱ of a timestep; a negative one is the end of sampling: 1 or, without `set_alpha_to_one`, ᾱ₀. */
export function alphaBarAt(settings: SchedulerSettings): (timestep: number) => number {
  const bars = alphaBars(settings);
  return (timestep) => timestep >= 0 ? bars[timestep] : settings.set_alpha_to_one ? 1 : bars[0];
}

function betas(settings: SchedulerSettings): Float32Array {
  const { beta_schedule, beta_start, beta_end, num_train_timesteps: T, trained_betas } = settings;
  if (trained_betas?.length === T) return Float32Array.from(trained_betas);
  if (trained_betas) {
    throw new ModelError(`The scheduler config has ${trained_betas.length} trained_betas; expected ${T}.`);
  }
  switch (beta_schedule) {
    case "scaled_linear":
      return linspace32(Math.sqrt(beta_start), Math.sqrt(beta_end), T).map((root) => root * root);
    case "squaredcos_cap_v2": {
      const bar = (t: number) => Math.cos((t + 0.008) / 1.008 * Math.PI / 2) ** 2; // Nichol and Dhariwal, eq. 17
      return Float32Array.from({ length: T }, (_, i) => Math.min(1 - bar((i + 1) / T) / bar(i / T), 0.999));
    }
    default:
      return linspace32(beta_start, beta_end, T);
  }
}

/** Running products, kept in f64 and stored as f32. */
function products(alphas: Float32Array): Float32Array {
  let product = 1;
  return alphas.map((alpha) => product *= alpha);
}

function zeroTerminalSnr(bars: Float32Array): Float32Array {
  const roots = bars.map(Math.sqrt);
  const [first, last] = [roots[0], roots[roots.length - 1]];
  const scale = f(first / f(first - last));
  const target = roots.map((root) => f(f(root - last) * scale)).map((root) => root * root);
  // The reference goes through α = ᾱₜ / ᾱₜ₋₁ and multiplies up again; so do we, for the same roundings.
  return products(target.map((bar, t) => t === 0 ? bar : bar / target[t - 1]));
}
