import { finished, transfer } from "./level.ts";
import type { Level, Sampler, Term } from "./types.ts";

/** Adams–Bashforth weights for one to four outputs, the newest first. */
const ADAMS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/**
 * The step in which a run begins. diffusers counts evaluations: its list has the second step twice, and `start` cuts
 * off that many, so that a run from the middle begins a step early and its second evaluation skips one.
 */
export function firstStride(start: number): number {
  return start > 1 ? start - 1 : start;
}

/**
 * PNDM (Liu et al. 2022): DDIM's step with the output blended over the last four. With `skip_prk_steps` (PLMS) the
 * first step is Heun's, so that 50 steps call the network 51 times; without, the first three are Runge–Kutta's with
 * four calls each.
 */
export const pndm: Sampler = async function* (run, x) {
  const { space, predict, estimate, strides, start, settings, at } = run;
  const outputs: (typeof x)[] = []; // the newest first
  let denoised = x;
  /** From x at one level to another along the blended output. */
  const move = (x: typeof outputs[0], from: Level, to: Level, ...blend: Term<typeof x>[]) => {
    denoised = estimate(x, from, space.combine(blend));
    return space.combine(transfer(x, denoised, from, to));
  };
  const plms = settings.skip_prk_steps;
  for (let i = plms ? firstStride(start) : start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const isFirst = outputs.length === 0;
    // The level of the second evaluation; none in the last step.
    const next = strides[plms && isFirst && start > 0 ? start : i + 1]?.from;
    const stride = from.timestep - to.timestep;
    const output = await predict(x, from);
    outputs.unshift(output);
    if (!plms && i < start + 3 && next !== undefined) {
      const half = Math.floor(stride / 2);
      const [before, middle] = [at(from.timestep - half), at(next.timestep + half)];
      const second = await predict(move(x, from, before, [1, output]), middle);
      const third = await predict(move(x, from, middle, [1, second]), middle);
      const fourth = await predict(move(x, from, next, [1, third]), next);
      x = move(x, from, next, [1 / 6, output], [1 / 3, second], [1 / 3, third], [1 / 6, fourth]);
    } else if (plms && isFirst && next !== undefined) {
      const again = await predict(move(x, from, to, [1, output]), next);
      x = move(x, at(next.timestep + stride), next, [0.5, again], [0.5, output]);
      if (start > 0) i = start;
    } else {
      const weights = ADAMS[Math.min(outputs.length, 4) - 1];
      x = move(x, from, to, ...weights.map((w, k): Term<typeof x> => [w, outputs[k]]));
    }
    outputs.splice(3);
    yield finished(run, i, x, denoised, outputs);
  }
};
