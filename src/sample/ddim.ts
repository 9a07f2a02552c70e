import { alphaBarAt } from "./alpha_bar.ts";
import { clipLimit, denoiser, preserving, step } from "./denoise.ts";
import type { Sampler } from "./types.ts";

/** DDIM (Song et al. 2021, eq. 12 and 16): from t to t − T/steps, with `eta` of the noise DDPM would add. */
export const ddim: Sampler = async function* (space, evaluate, schedule, x, { eta = 0, start = 0 } = {}) {
  const { timesteps, settings } = schedule;
  const D = denoiser(space, evaluate, schedule);
  const alphaBar = alphaBarAt(settings);
  const limit = clipLimit(schedule);
  const stride = Math.floor(settings.num_train_timesteps / timesteps.length);
  for (let i = start; i < timesteps.length; i++) {
    const [bar, barNext] = [alphaBar(timesteps[i]), alphaBar(timesteps[i] - stride)];
    const { alpha, sigma } = preserving(bar);
    const estimate = await D(x, { alpha, sigma }, timesteps[i]);
    // Only the estimate is cut off; the noise that x holds is that of the whole one, as in the reference.
    const denoised = limit === undefined ? estimate : space.combine([[1, estimate]], limit);
    const fresh = eta * Math.sqrt((1 - barNext) / (1 - bar) * (1 - bar / barNext));
    const share = Math.sqrt(Math.max(1 - barNext - fresh ** 2, 0)) / sigma;
    x = space.combine([
      [share, x],
      [-share * alpha, estimate],
      [Math.sqrt(barNext), denoised],
      ...(eta > 0 ? [[fresh, space.noise()] as const] : []),
    ]);
    yield step(schedule, i, x, denoised);
  }
};
