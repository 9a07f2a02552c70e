import { finished, transfer } from "./level.ts";
import type { Sampler } from "./types.ts";

/**
 * Heun's method (Karras et al. 2022, algorithm 1): two calls of the network a step, one in the last, which ends at 0.
 */
export const heun: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, clip } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const [sigma, next] = [from.sigma, to.sigma];
    let denoised = await denoise(x, from, clip);
    const ahead = space.combine(transfer(x, denoised, from, to));
    if (next === 0) {
      x = ahead;
    } else {
      const corrected = await denoise(ahead, to, clip);
      // x + ½ (σ′ − σ) (d + d′), d = (x − x₀) / σ
      const half = (next - sigma) / 2;
      x = space.combine([[1 + half / sigma, x], [-half / sigma, denoised], [half / next, ahead], [
        -half / next,
        corrected,
      ]]);
      denoised = corrected;
    }
    yield finished(run, i, x, denoised);
  }
};
