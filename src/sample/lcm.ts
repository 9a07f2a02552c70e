import { alphaBarAt } from "./alpha_bar.ts";
import { clipLimit, denoiser, preserving, step } from "./denoise.ts";
import type { Sampler } from "./types.ts";

/** Latent consistency sampling (Luo et al. 2023, algorithm 3): a guess at x₀, noised anew to the next level. */
export const lcm: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, settings } = schedule;
  const D = denoiser(space, evaluate, schedule, clipLimit(schedule));
  const alphaBar = alphaBarAt(settings);
  for (let i = start; i < timesteps.length; i++) {
    const guess = await D(x, preserving(alphaBar(timesteps[i])), timesteps[i]);
    // The boundary condition f(x, 0) = x, with σ_data = ½
    const scaled = timesteps[i] * settings.timestep_scaling;
    const variance = scaled ** 2 + 0.25;
    const denoised = space.combine([[0.25 / variance, x], [scaled / Math.sqrt(variance), guess]]);
    if (i + 1 < timesteps.length) {
      const next = preserving(alphaBar(timesteps[i + 1]));
      x = space.combine([[next.alpha, denoised], [next.sigma, space.noise()]]);
    } else {
      x = denoised;
    }
    yield step(schedule, i, x, denoised);
  }
};
