import { denoiser, exploding, step, transfer } from "./denoise.ts";
import type { Sampler } from "./types.ts";

/** Euler's method on the probability flow ODE (Karras et al. 2022, algorithm 1 without the correction). */
export const euler: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, sigmas } = schedule;
  const D = denoiser(space, evaluate, schedule);
  for (let i = start; i < timesteps.length; i++) {
    const denoised = await D(x, exploding(sigmas[i]), timesteps[i]);
    x = space.combine(transfer(x, denoised, exploding(sigmas[i]), exploding(sigmas[i + 1])));
    yield step(schedule, i, x, denoised);
  }
};

/** Ancestral sampling with Euler's method: down to less noise than the next level has, then fresh noise up to it. */
export const eulerAncestral: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, sigmas } = schedule;
  const D = denoiser(space, evaluate, schedule);
  for (let i = start; i < timesteps.length; i++) {
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const up = next * Math.sqrt(sigma ** 2 - next ** 2) / sigma;
    const down = Math.sqrt(next ** 2 - up ** 2);
    const denoised = await D(x, exploding(sigma), timesteps[i]);
    const terms = transfer(x, denoised, exploding(sigma), exploding(down));
    x = space.combine(up > 0 ? [...terms, [up, space.noise()]] : terms);
    yield step(schedule, i, x, denoised);
  }
};
