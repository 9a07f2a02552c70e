import { finished } from "./level.ts";
import type { Run, Sampler, Term } from "./types.ts";

/** DPM-Solver++ multistep for the ODE (Lu et al. 2022, "DPM-Solver++", algorithm 2). */
export const dpmpp2m: Sampler = multistep(1);

/** DPM-Solver++ multistep for the SDE (ibid., appendix): twice the pull towards x₀, and noise in its place. */
export const dpmpp2mSde: Sampler = multistep(2);

function multistep(pull: 1 | 2): Sampler {
  return async function* (run, x) {
    const { space, denoise, strides, start, settings } = run;
    let outputs: (typeof x)[] = []; // estimates of x₀, the newest first
    for (let i = start; i < strides.length; i++) {
      const { from: s, to: t } = strides[i];
      const denoised = await denoise(x, s);
      outputs = [denoised, ...outputs].slice(0, settings.solver_order);
      const order = Math.min(outputs.length, orderLimit(run, i));

      // h = λₜ − λₛ with λ = −ln σ/α, so that e^−h is the ratio of the noise levels
      const decay = t.ratio / s.ratio;
      const h = -Math.log(decay);
      const lambda = (k: number) => -Math.log(strides[i - k].from.ratio);
      const r = outputs.slice(1, order).map((_, k) => (lambda(k) - lambda(k + 1)) / h);
      const weights = multistepWeights(pull * h, r, settings.solver_type === "heun", pull === 2);
      const terms: Term<typeof x>[] = [[t.sigma / s.sigma * decay ** (pull - 1), x]];
      weights.forEach((weight, k) => terms.push([t.alpha * weight, outputs[k]]));
      const noise = pull === 2 ? t.sigma * Math.sqrt(1 - decay ** 2) : 0;
      if (noise > 0) terms.push([noise, space.noise()]);
      x = space.combine(terms);
      yield finished(run, i, x, denoised, outputs.slice(0, settings.solver_order - 1));
    }
  };
}

/** Short runs and runs that end at σ = 0 finish with lower orders. */
function orderLimit<T>({ strides, settings }: Run<T>, i: number): number {
  if (strides[i].to.ratio === strides[i].from.ratio) return 1; // a step of no length, which EDM's "sigma_min" ends with
  const left = strides.length - i;
  const careful = settings.lower_order_final && strides.length < 15;
  if (left === 1 && (careful || settings.euler_at_final || settings.final_sigmas_type === "zero")) return 1;
  return left === 2 && careful ? 2 : 3;
}

/**
 * Weights of the last 1 to 3 estimates over a step of length h in λ: their polynomial in λ times e^λ, integrated and
 * divided by e^λₜ (DPM-Solver++, eq. 8 and appendix). `r` are the lengths of the steps before, as shares of this one.
 */
function multistepWeights(h: number, r: readonly number[], heun: boolean, sde: boolean): number[] {
  const phi1 = -Math.expm1(-h);
  if (r.length === 0) return [phi1];
  if (r.length === 1) {
    const slope = (heun ? 1 - phi1 / h : phi1 / 2) / r[0];
    return [phi1 + slope, -slope];
  }
  const first = 1 - phi1 / h;
  // The reference subtracts the half in its SDE; pictures depend on it.
  const second = (phi1 - h) / h ** 2 + (sde ? -0.5 : 0.5);
  const [a, b] = r;
  const newer = (first * (1 + a / (a + b)) + second / (a + b)) / a;
  const older = -(first * a + second) / (a + b) / b;
  return [phi1 + newer, older - newer, -older];
}
