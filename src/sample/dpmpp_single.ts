import { ancestral, finished, transfer } from "./level.ts";
import type { Sampler, Term } from "./types.ts";

/**
 * DPM-Solver++(2S) (Lu et al. 2022, "DPM-Solver++", algorithm 1) with ancestral noise, as k-diffusion has it: the whole
 * step goes along the estimate of x₀ found halfway in ln σ.
 */
export const dpmpp2sAncestral: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, eta = 1 } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    let denoised = await denoise(x, from);
    const { down, up } = ancestral(from, to, eta);
    if (down > 0) {
      const middle = run.level(Math.sqrt(from.sigma * down));
      denoised = await denoise(space.combine(transfer(x, denoised, from, middle)), middle);
    }
    const terms = transfer(x, denoised, from, { alpha: 1, sigma: down });
    x = space.combine(up > 0 ? [...terms, [up, space.noise()]] : terms);
    yield finished(run, i, x, denoised);
  }
};

/**
 * DPM-Solver++ for the SDE in steps of two stages (k-diffusion's sample_dpmpp_sde): both stages add noise, and what the
 * first adds is a part of what the second does, for both are of one Brownian path W(σ). Its increments are the
 * picture's own noise; torchsde's tree of seeds, which k-diffusion takes by default, is not repeated.
 */
export const dpmppSde: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, eta = 1 } = run;
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    let denoised = await denoise(x, from);
    if (to.sigma === 0) {
      x = space.combine(transfer(x, denoised, from, to));
    } else {
      const middle = run.level(Math.sqrt(from.sigma * to.sigma));
      const [half, whole] = [ancestral(from, middle, eta), ancestral(from, to, eta)];
      const noise = half.up > 0 ? space.noise() : undefined;
      const ahead: Term<typeof x>[] = transfer(x, denoised, from, { alpha: 1, sigma: half.down });
      if (noise !== undefined) ahead.push([half.up, noise]);
      denoised = await denoise(space.combine(ahead), middle);
      const terms: Term<typeof x>[] = transfer(x, denoised, from, { alpha: 1, sigma: whole.down });
      if (noise !== undefined) {
        // W(σ) − W(σ′), in two increments, at variance 1.
        const share = (a: number, b: number) => whole.up * Math.sqrt((a - b) / (from.sigma - to.sigma));
        terms.push([share(from.sigma, middle.sigma), noise], [share(middle.sigma, to.sigma), space.noise()]);
      }
      x = space.combine(terms);
    }
    yield finished(run, i, x, denoised);
  }
};
