import { finished } from "./level.ts";
import type { Level, Run, Sampler } from "./types.ts";

/** Latent consistency sampling (Luo et al. 2023, algorithm 3): a guess at x₀, noised anew to the next level. */
export const lcm: Sampler = async function* (run, x) {
  const { space, strides, start } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const denoised = await consistent(run, x, from);
    const last = i + 1 === strides.length;
    x = last ? denoised : space.combine([[to.alpha, denoised], [to.sigma, space.noise()]]);
    yield finished(run, i, x, denoised);
  }
};

/** D with the boundary condition f(x, 0) = x of consistency models, with σ_data = ½. */
async function consistent<T>({ space, denoise, clip, settings }: Run<T>, x: T, level: Level): Promise<T> {
  const guess = await denoise(x, level, clip);
  const scaled = level.timestep * settings.timestep_scaling;
  const variance = scaled ** 2 + 0.25;
  return space.combine([[0.25 / variance, x], [scaled / Math.sqrt(variance), guess]]);
}
