import { ancestral, finished, transfer } from "./level.ts";
import type { Sampler } from "./types.ts";

/** Euler's method on the probability flow ODE (Karras et al. 2022, algorithm 1 without the correction). */
export const euler: Sampler = async function* (run, x) {
  const { space, denoise, strides, start } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const denoised = await denoise(x, from);
    x = space.combine(transfer(x, denoised, from, to));
    yield finished(run, i, x, denoised);
  }
};

/**
 * Ancestral sampling with Euler's method: down to less noise than the next level has, then fresh noise up to it, `eta`
 * of what diffusers adds. Without any it is Euler's method.
 */
export const eulerAncestral: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, eta = 1 } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const { down, up } = ancestral(from, to, eta);
    const denoised = await denoise(x, from);
    const terms = transfer(x, denoised, from, { alpha: 1, sigma: down });
    x = space.combine(up > 0 ? [...terms, [up, space.noise()]] : terms);
    yield finished(run, i, x, denoised);
  }
};
