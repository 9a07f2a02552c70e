/**
 * Noise levels, and what samplers do with latents of them.
 *
 * @module
 */
import type { Level, Run, Step, Term } from "./types.ts";

/** A level of latents that keep the data's scale: x = x₀ + σ ε. */
export function exploding(sigma: number, timestep: number): Level {
  return { alpha: 1, sigma, ratio: sigma, timestep };
}

/** A level of latents that keep their variance, by its noise-to-signal ratio: the scale of the solvers. */
export function preserving(ratio: number, timestep: number): Level {
  return { alpha: 1 / Math.hypot(ratio, 1), sigma: ratio / Math.hypot(ratio, 1), ratio, timestep };
}

/** The same by ᾱ: x = √ᾱ x₀ + √(1 − ᾱ) ε. */
export function levelOfAlphaBar(alphaBar: number, timestep: number): Level {
  const [alpha, sigma] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)];
  return { alpha, sigma, ratio: Math.fround(Math.sqrt((1 - alphaBar) / alphaBar)), timestep };
}

/** Latents of a level: a picture's own (`x0`) and noise. Where sampling begins at a later step than the first. */
export function noised<T>({ alpha, sigma }: Level, x0: T, noise: T): Term<T>[] {
  return [[alpha, x0], [sigma, noise]];
}

/** The deterministic step from one level to another: x₀ and ε stay, their shares change (DDIM, eq. 12 with σ = 0). */
export function transfer<T>(
  x: T,
  denoised: T,
  from: Pick<Level, "alpha" | "sigma">,
  to: Pick<Level, "alpha" | "sigma">,
): Term<T>[] {
  const share = to.sigma / from.sigma;
  return [[share, x], [to.alpha - share * from.alpha, denoised]];
}

/**
 * Ancestral sampling's split of a step: down to σ `down`, then up by fresh noise of deviation `up`, `eta` of what would
 * leave the variance of the next level as it is (k-diffusion's get_ancestral_step). For levels that keep the data's
 * scale.
 */
export function ancestral(from: Level, to: Level, eta: number): { down: number; up: number } {
  const up = eta * to.sigma * Math.sqrt(from.sigma ** 2 - to.sigma ** 2) / from.sigma;
  return { down: Math.sqrt(to.sigma ** 2 - up ** 2), up };
}

/** The yield of step `index`; `history` is what later steps read besides x. */
export function finished<T>(
  { strides }: Run<T>,
  index: number,
  x: T,
  denoised: T,
  history: readonly T[] = [],
): Step<T> {
  const { timestep, ratio: sigma } = strides[index].from;
  return { x, denoised, index, steps: strides.length, timestep, sigma, keep: [x, ...history] };
}
