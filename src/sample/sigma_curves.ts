/**
 * Ways to spread noise levels between a largest and a smallest one.
 *
 * @module
 */
import { betaQuantile } from "./beta_quantile.ts";
import { linspace } from "./linspace.ts";

/** σ from largest to smallest, [steps]. */
export type SigmaCurve = (max: number, min: number, steps: number, rho?: number) => number[];

/** Even in σ^(1/ρ) (Karras et al. 2022, eq. 5). */
export const karras: SigmaCurve = (max, min, steps, rho = 7) => {
  const [first, last] = [max ** (1 / rho), min ** (1 / rho)];
  return linspace(0, 1, steps).map((ramp) => (first + ramp * (last - first)) ** rho);
};

/** Even in ln σ. */
export const exponential: SigmaCurve = (max, min, steps) => linspace(Math.log(max), Math.log(min), steps).map(Math.exp);

/**
 * As {@linkcode exponential}, but from logarithms of f32: DPM-Solver's own choice, even in λ = −ln σ (Lu et al. 2022).
 */
export const uniformLambda: SigmaCurve = (max, min, steps) =>
  linspace(Math.fround(Math.log(max)), Math.fround(Math.log(min)), steps).map(Math.exp);

/** Quantiles of B(0.6, 0.6), dense at both ends (Lee et al. 2024, "Beta Sampling is All You Need"). */
export const beta: SigmaCurve = (max, min, steps) =>
  linspace(0, 1, steps).map((ramp) => min + betaQuantile(1 - ramp, 0.6) * (max - min));

/** The fractional timestep whose noise level is `sigma`, between the ascending levels of training, by ln σ. */
export function timestepOfSigma(sigma: number, logSigmas: Float32Array): number {
  const log = Math.log(Math.max(sigma, 1e-10));
  const above = logSigmas.findIndex((other) => other > log);
  const low = Math.min(above < 0 ? Infinity : Math.max(above - 1, 0), logSigmas.length - 2);
  const w = (logSigmas[low] - log) / (logSigmas[low] - logSigmas[low + 1]);
  return low + Math.min(Math.max(w, 0), 1);
}
