import { ancestral, finished, transfer } from "./level.ts";
import type { Run, Sampler, Term } from "./types.ts";

/** DPM-Solver-2 (Lu et al. 2022, algorithm 1) in σ: Euler's step with the slope found halfway in ln σ. */
export const dpm2: Sampler = (run, x) => midpoint(run, x, 0);

/** DPM-Solver-2 down to less noise than the next level has, then fresh noise up to it. */
export const dpm2Ancestral: Sampler = (run, x) => midpoint(run, x, run.eta ?? 1);

async function* midpoint<T>(run: Run<T>, x: T, eta: number) {
  const { space, denoise, strides, start } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    let denoised = await denoise(x, from);
    const { down, up } = ancestral(from, to, eta);
    if (down === 0) {
      x = space.combine(transfer(x, denoised, from, { alpha: 1, sigma: 0 }));
    } else {
      const middle = run.level(Math.sqrt(from.sigma * down));
      const ahead = space.combine(transfer(x, denoised, from, middle));
      denoised = await denoise(ahead, middle);
      const pace = (down - from.sigma) / middle.sigma; // x + (σ′ − σ) (x̂ − x₀) / σ̂
      const terms: Term<T>[] = [[1, x], [pace, ahead], [-pace, denoised]];
      x = space.combine(up > 0 ? [...terms, [up, space.noise()]] : terms);
    }
    yield finished(run, i, x, denoised);
  }
}
