import { clipLimit, denoiser, exploding, step, transfer } from "./denoise.ts";
import type { Sampler } from "./types.ts";

/** Heun's method (Karras et al. 2022, algorithm 1): two calls of the network a step, one in the last, which ends at 0. */
export const heun: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, sigmas } = schedule;
  const D = denoiser(space, evaluate, schedule, clipLimit(schedule));
  for (let i = start; i < timesteps.length; i++) {
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    let denoised = await D(x, exploding(sigma), timesteps[i]);
    const ahead = space.combine(transfer(x, denoised, exploding(sigma), exploding(next)));
    if (next === 0) {
      x = ahead;
    } else {
      const corrected = await D(ahead, exploding(next), timesteps[i + 1]);
      // x + ½ (σ′ − σ) (d + d′), d = (x − x₀) / σ
      const half = (next - sigma) / 2;
      x = space.combine([[1 + half / sigma, x], [-half / sigma, denoised], [half / next, ahead], [
        -half / next,
        corrected,
      ]]);
      denoised = corrected;
    }
    yield step(schedule, i, x, denoised);
  }
};
