import { alphaBarAt } from "./alpha_bar.ts";
import { denoisedTerms, preserving, step, transfer } from "./denoise.ts";
import type { Sampler, Term } from "./types.ts";

/** Adams–Bashforth weights for one to four outputs, the newest first. */
const ADAMS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/**
 * PNDM (Liu et al. 2022): DDIM's step with the output blended over the last four. With `skip_prk_steps` (PLMS) the first step
 * is Heun's, so that 50 steps call the network 51 times; without, the first three are Runge–Kutta's with four calls each.
 */
export const pndm: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, settings } = schedule;
  const alphaBar = alphaBarAt(settings);
  const stride = Math.floor(settings.num_train_timesteps / timesteps.length);
  const outputs: (typeof x)[] = []; // the newest first
  const call = (x: typeof outputs[0], timestep: number) => evaluate(x, { timestep, inputScale: 1 });
  let denoised = x;
  /** From x at `t` to `next` along the blended output. */
  const move = (x: typeof outputs[0], t: number, next: number, ...blend: Term<typeof x>[]) => {
    const from = preserving(alphaBar(t));
    denoised = space.combine(denoisedTerms(schedule, from, x, space.combine(blend)));
    return space.combine(transfer(x, denoised, from, preserving(alphaBar(next))));
  };
  for (let i = start; i < timesteps.length; i++) {
    const [t, next] = timesteps.slice(i, i + 2); // no `next` in the last step
    const output = await call(x, t);
    outputs.unshift(output);
    if (!settings.skip_prk_steps && i < start + 3 && next !== undefined) {
      const half = Math.floor(stride / 2);
      const second = await call(move(x, t, t - half, [1, output]), next + half);
      const third = await call(move(x, t, next + half, [1, second]), next + half);
      const fourth = await call(move(x, t, next, [1, third]), next);
      x = move(x, t, next, [1 / 6, output], [1 / 3, second], [1 / 3, third], [1 / 6, fourth]);
    } else if (settings.skip_prk_steps && i === start && next !== undefined) {
      const again = await call(move(x, t, t - stride, [1, output]), next);
      x = move(x, next + stride, next, [0.5, again], [0.5, output]);
    } else {
      const weights = ADAMS[Math.min(outputs.length, 4) - 1];
      x = move(x, t, t - stride, ...weights.map((w, k): Term<typeof x> => [w, outputs[k]]));
    }
    outputs.splice(3);
    yield step(schedule, i, x, denoised, outputs);
  }
};
