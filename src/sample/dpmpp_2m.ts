import { denoiser, solverLevel, step } from "./denoise.ts";
import type { Sampler, Schedule, Term } from "./types.ts";

/** DPM-Solver++ multistep for the ODE (Lu et al. 2022, "DPM-Solver++", algorithm 2). */
export const dpmpp2m: Sampler = multistep(1);

/** DPM-Solver++ multistep for the SDE (ibid., appendix): twice the pull towards x₀, and noise in its place. */
export const dpmpp2mSde: Sampler = multistep(2);

function multistep(pull: 1 | 2): Sampler {
  return async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
    const { timesteps, sigmas, settings } = schedule;
    const D = denoiser(space, evaluate, schedule);
    let outputs: (typeof x)[] = []; // estimates of x₀, the newest first
    for (let i = start; i < timesteps.length; i++) {
      const [s, t] = [solverLevel(schedule, sigmas[i]), solverLevel(schedule, sigmas[i + 1])];
      const denoised = await D(x, s, timesteps[i]);
      outputs = [denoised, ...outputs].slice(0, settings.solver_order);
      const order = Math.min(outputs.length, orderLimit(schedule, i));

      // h = λₜ − λₛ with λ = −ln σ/α, so that e^−h is the ratio of the noise levels
      const decay = sigmas[i + 1] / sigmas[i];
      const h = -Math.log(decay);
      const lambda = (k: number) => -Math.log(sigmas[i - k]);
      const r = outputs.slice(1, order).map((_, k) => (lambda(k) - lambda(k + 1)) / h);
      const weights = multistepWeights(pull * h, r, settings.solver_type === "heun", pull === 2);
      const terms: Term<typeof x>[] = [[t.sigma / s.sigma * decay ** (pull - 1), x]];
      weights.forEach((weight, k) => terms.push([t.alpha * weight, outputs[k]]));
      const noise = pull === 2 ? t.sigma * Math.sqrt(1 - decay ** 2) : 0;
      if (noise > 0) terms.push([noise, space.noise()]);
      x = space.combine(terms);
      yield step(schedule, i, x, denoised, outputs.slice(0, settings.solver_order - 1));
    }
  };
}

/** Short runs and runs that end at σ = 0 finish with lower orders. */
function orderLimit({ timesteps, sigmas, settings }: Schedule, i: number): number {
  if (sigmas[i + 1] === sigmas[i]) return 1; // a step of no length, which EDM's "sigma_min" ends with
  const left = timesteps.length - i;
  const careful = settings.lower_order_final && timesteps.length < 15;
  if (left === 1 && (careful || settings.euler_at_final || settings.final_sigmas_type === "zero")) return 1;
  return left === 2 && careful ? 2 : 3;
}

/**
 * Weights of the last 1 to 3 estimates over a step of length h in λ: their polynomial in λ times e^λ, integrated and divided by
 * e^λₜ (DPM-Solver++, eq. 8 and appendix). `r` are the lengths of the steps before, as shares of this one.
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
