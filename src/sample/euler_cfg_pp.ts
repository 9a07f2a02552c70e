import { ancestral, finished } from "./level.ts";
import type { Run, Sampler, Term } from "./types.ts";

/**
 * Euler's method with CFG++ (Chung et al. 2024, algorithm 2): towards the guided estimate of x₀, renoised with what the
 * negative prompt's prediction takes for noise. Guidance of 0 to 1 moves between the two predictions.
 */
export const eulerCfgPp: Sampler = (run, x) => renoised(run, x, 0);

/** The same with ancestral noise. */
export const eulerAncestralCfgPp: Sampler = (run, x) => renoised(run, x, run.eta ?? 1);

async function* renoised<T>(run: Run<T>, x: T, eta: number) {
  const { space, denoiseBoth, strides, start } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const { down, up } = ancestral(from, to, eta);
    const { denoised, negative } = await denoiseBoth(x, from);
    const share = down / from.sigma; // x₀ + σ′ (x − x₀⁻) / σ
    const terms: Term<T>[] = [[1, denoised], [share, x], [-share, negative]];
    x = space.combine(up > 0 ? [...terms, [up, space.noise()]] : terms);
    yield finished(run, i, x, denoised);
  }
}
