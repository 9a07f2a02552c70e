/**
 * What samplers are made of: x₀ out of the network's output, and the straight way from one noise level to another.
 *
 * @module
 */
import type { Evaluate, LatentSpace, Level, Schedule, Step, Term } from "./types.ts";

/** Levels of a latent that keeps the data's scale: x = x₀ + σ ε. */
export function exploding(sigma: number): Level {
  return { alpha: 1, sigma };
}

/** Levels of a latent that keeps its variance: x = √ᾱ x₀ + √(1 − ᾱ) ε. */
export function preserving(alphaBar: number): Level {
  return { alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) };
}

/** The level of noise-to-signal ratio `ratio` on the scale the solvers keep their latents in: EDM's is the data's. */
export function solverLevel(schedule: Schedule, ratio: number): Level {
  return schedule.edm ? exploding(ratio) : { alpha: 1 / Math.hypot(ratio, 1), sigma: ratio / Math.hypot(ratio, 1) };
}

/** D(x; t): the network's estimate of x₀ in latents x of a noise level. */
export type Denoise<T> = (x: T, level: Level, timestep: number) => Promise<T>;

/** One call of the network and one combination, cut off at ±`limit`. */
export function denoiser<T>(
  space: LatentSpace<T>,
  evaluate: Evaluate<T>,
  schedule: Schedule,
  limit?: number,
): Denoise<T> {
  return async (x, level, timestep) => {
    const output = await evaluate(x, { timestep, inputScale: inputScale(schedule, level) });
    return space.combine(denoisedTerms(schedule, level, x, output), limit);
  };
}

/** Where the schedule's settings cut off estimates of x₀. */
export function clipLimit({ settings }: Schedule): number | undefined {
  return settings.clip_sample ? settings.clip_sample_range : undefined;
}

/** What brings x to the scale the network was trained on. */
export function inputScale(schedule: Schedule, { alpha, sigma }: Level): number {
  return 1 / Math.hypot(schedule.edm ? schedule.settings.sigma_data : alpha, sigma);
}

/** x₀ as a combination of the latents and the network's output for them. */
export function denoisedTerms<T>(schedule: Schedule, { alpha, sigma }: Level, x: T, output: T): Term<T>[] {
  const { prediction_type, sigma_data } = schedule.settings;
  if (schedule.edm) {
    // c_skip and c_out of Karras et al. 2022, table 1
    const variance = sigma ** 2 + sigma_data ** 2;
    const out = sigma * sigma_data / Math.sqrt(variance);
    return [[sigma_data ** 2 / variance, x], [prediction_type === "epsilon" ? out : -out, output]];
  }
  switch (prediction_type) {
    case "epsilon":
      return [[1 / alpha, x], [-sigma / alpha, output]];
    case "v_prediction": {
      // v = α ε − σ x₀ for α² + σ² = 1 (Salimans and Ho 2022)
      const norm = Math.hypot(alpha, sigma);
      return [[alpha / norm ** 2, x], [-sigma / norm, output]];
    }
    case "sample":
      return [[1, output]];
  }
}

/** The deterministic step from one level to another: x₀ and ε stay, their shares change (DDIM, eq. 12 with σ = 0). */
export function transfer<T>(x: T, denoised: T, from: Level, to: Level): Term<T>[] {
  const share = to.sigma / from.sigma;
  return [[share, x], [to.alpha - share * from.alpha, denoised]];
}

/** The yield of step `index`; `history` is what later steps read besides x. */
export function step<T>(schedule: Schedule, index: number, x: T, denoised: T, history: readonly T[] = []): Step<T> {
  const { timesteps, sigmas } = schedule;
  const [timestep, sigma, steps] = [timesteps[index], sigmas[index], timesteps.length];
  return { x, denoised, index, steps, timestep, sigma, keep: [x, ...history] };
}
