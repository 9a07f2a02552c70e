import { finished } from "./level.ts";
import type { Sampler } from "./types.ts";

/** DDIM (Song et al. 2021, eq. 12 and 16), with `eta` of the noise DDPM would add. */
export const ddim: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, eta = 0, clip } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const estimate = await denoise(x, from);
    // Only the estimate is cut off; the noise that x holds is that of the whole one, as in the reference.
    const denoised = clip === undefined ? estimate : space.combine([[1, estimate]], clip);
    const fresh = eta * Math.sqrt((to.sigma / from.sigma) ** 2 * (1 - (from.alpha / to.alpha) ** 2));
    const share = Math.sqrt(Math.max(to.sigma ** 2 - fresh ** 2, 0)) / from.sigma;
    x = space.combine([
      [share, x],
      [-share * from.alpha, estimate],
      [to.alpha, denoised],
      ...(eta > 0 ? [[fresh, space.noise()] as const] : []),
    ]);
    yield finished(run, i, x, denoised);
  }
};
