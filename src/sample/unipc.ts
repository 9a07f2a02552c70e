import { finished } from "./level.ts";
import type { Level, Sampler, Term } from "./types.ts";

/**
 * UniPC (Zhao et al. 2023): a multistep predictor, and a corrector that uses the network's answer at the predicted
 * latents once more before the next step.
 */
export const unipc: Sampler = async function* (run, x) {
  const { space, denoise, strides, start, settings } = run;
  const { solver_order, lower_order_final, disable_corrector } = settings;
  let outputs: (typeof x)[] = []; // estimates of x₀, the newest first
  let before = x, order = 1;

  /** From `x` at level s along the estimates `m`, of which the first belongs to s; `ahead` belongs to level s + 1. */
  const update = (x: typeof before, s: number, m: typeof outputs, order: number, ahead?: typeof before) => {
    const { from, to } = strides[s];
    const lambda = ({ ratio }: Level) => -Math.log(ratio);
    const h = lambda(to) - lambda(from);
    const r = m.slice(1, order).map((_, k) => (lambda(strides[s - 1 - k].from) - lambda(from)) / h);
    const B = settings.solver_type === "bh1" ? -h : Math.expm1(-h);
    const rho = bhWeights(h, B, ahead === undefined ? r : [...r, 1]);
    const slopes = rho.map((weight, k) => -to.alpha * B * weight / (r[k] ?? 1));
    const total = slopes.reduce((sum, slope) => sum + slope, 0);
    const terms: Term<typeof x>[] = [[to.sigma / from.sigma, x], [-to.alpha * Math.expm1(-h) - total, m[0]]];
    slopes.forEach((slope, k) => terms.push([slope, m[k + 1] ?? ahead!]));
    return space.combine(terms);
  };

  for (let i = start; i < strides.length; i++) {
    const denoised = await denoise(x, strides[i].from);
    if (i > start && !disable_corrector.includes(i - 1)) x = update(before, i - 1, outputs, order, denoised);
    outputs = [denoised, ...outputs].slice(0, solver_order);
    const limit = strides[i].to.sigma === 0 ? 1 : lower_order_final ? strides.length - i : solver_order;
    order = Math.min(outputs.length, limit);
    before = x;
    x = update(x, i, outputs, order);
    yield finished(run, i, x, denoised, [before, ...outputs]);
  }
};

/** ρ of equation 5 in the paper: Σⱼ ρⱼ rⱼⁿ⁻¹ = φₙ(h) n! / B(h), n = 1, 2, …; a single one is taken as its limit, ½. */
function bhWeights(h: number, B: number, r: readonly number[]): number[] {
  if (r.length === 1) return [0.5];
  let phi = Math.expm1(-h) / -h - 1, factorial = 1;
  const rows = r.map((_, n) => {
    const row = [...r.map((ratio) => ratio ** n), phi * factorial / B];
    factorial *= n + 2;
    phi = phi / -h - 1 / factorial;
    return row;
  });
  return solve(rows);
}

/** Gauss–Jordan elimination of n rows [matrix | right-hand side]. */
function solve(rows: number[][]): number[] {
  for (const [i, row] of rows.entries()) {
    const pivot = row[i];
    rows[i] = row.map((value) => value / pivot);
    for (let j = 0; j < rows.length; j++) {
      if (j !== i) rows[j] = rows[j].map((value, k) => value - rows[j][i] * rows[i][k]);
    }
  }
  return rows.map((row) => row[row.length - 1]);
}
