import { finished } from "./level.ts";
import type { Sampler, Term } from "./types.ts";

/**
 * DPM-Solver++(3M) for the SDE, as k-diffusion has it: divided differences of the last three estimates of x₀, weighted
 * by φ₂ and φ₃ of the step's length in λ = −ln σ, and `eta` of the noise the SDE adds.
 */
export const dpmpp3mSde: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, eta = 1 } = run;
  let outputs: (typeof x)[] = []; // estimates of x₀, the newest first
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const denoised = await denoise(x, from);
    outputs = [denoised, ...outputs].slice(0, 3);
    if (to.sigma === 0) {
      x = denoised;
    } else {
      const length = (k: number) => Math.log(strides[i - k].from.sigma / strides[i - k].to.sigma);
      const h = length(0);
      const r = outputs.slice(1).map((_, k) => length(k + 1) / h);
      const weights = estimateWeights(h * (1 + eta), r);
      const terms: Term<typeof x>[] = [[Math.exp(-h * (1 + eta)), x]];
      weights.forEach((weight, k) => terms.push([weight, outputs[k]]));
      if (eta > 0) terms.push([to.sigma * Math.sqrt(-Math.expm1(-2 * h * eta)), space.noise()]);
      x = space.combine(terms);
    }
    yield finished(run, i, x, denoised, outputs.slice(0, 2));
  }
};

/** Weights of the last 1 to 3 estimates. `r` are the lengths of the steps before, as shares of this one. */
function estimateWeights(h: number, r: readonly number[]): number[] {
  const phi1 = -Math.expm1(-h);
  if (r.length === 0) return [phi1];
  const phi2 = 1 - phi1 / h;
  if (r.length === 1) return [phi1 + phi2 / r[0], -phi2 / r[0]];
  const phi3 = phi2 / h - 0.5;
  // φ₂ d₁ − φ₃ d₂ with d₁ = a + (a − b) r₀ / (r₀ + r₁) and d₂ = (a − b) / (r₀ + r₁) for the slopes a and b
  const bend = (phi2 * r[0] - phi3) / (r[0] + r[1]);
  const newer = (phi2 + bend) / r[0];
  const older = -bend / r[1];
  return [phi1 + newer, older - newer, -older];
}
