/**
 * Noise levels by schedules that are no key of a scheduler_config.json but known by name in other programs.
 *
 * @module
 */
import { linspace } from "./linspace.ts";
import type { SchedulerName } from "./names.ts";

/** The noise levels of the training, ascending, and their logarithms. */
export interface Training {
  readonly sigmas: Float32Array;
  readonly logs: Float32Array;
  /** Whether the network is of SDXL's family. */
  readonly xl: boolean;
}

/** σ from largest to smallest, [steps], without the 0 behind them. */
export type NamedSchedule = (steps: number, training: Training) => number[];

/** Even in arctan σ: the optimum for Gaussian data in "Align Your Steps" (Sabour et al. 2024, theorem 3.1). */
export function klOptimal(max: number, min: number, steps: number): number[] {
  return linspace(Math.atan(max), Math.atan(min), steps).map(Math.tan);
}

/**
 * "Align Your Steps" (Sabour et al. 2024): levels of 10 steps found by optimization for Stable Diffusion 1.5 and SDXL,
 * as published. Other counts lie even between them in ln σ, as the authors advise.
 */
const ALIGNED = {
  sd1: [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
  sdxl: [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029],
};

/** By name. */
export const namedSchedules: { readonly [name in SchedulerName]?: NamedSchedule } = {
  // Even in t, to where one step more would be the end, as in Stability's own code.
  sgm_uniform: (steps, { logs }) =>
    linspace(logs.length - 1, 0, steps + 1).slice(0, steps).map((t) => Math.exp(between(logs, t))),
  simple: (steps, { sigmas }) =>
    Array.from({ length: steps }, (_, i) => sigmas[sigmas.length - 1 - Math.trunc(i * (sigmas.length / steps))]),
  kl_optimal: (steps, { sigmas }) => klOptimal(sigmas[sigmas.length - 1], sigmas[0], steps),
  align_your_steps: (steps, { xl }) => {
    const levels = xl ? ALIGNED.sdxl : ALIGNED.sd1;
    if (steps === levels.length - 1) return levels.slice(0, steps);
    const logs = levels.map(Math.log);
    return linspace(0, levels.length - 1, steps + 1).slice(0, steps).map((t) => Math.exp(between(logs, t)));
  },
};

/** Values at a fractional index. */
function between(values: ArrayLike<number>, at: number): number {
  const low = Math.min(Math.floor(at), values.length - 2);
  const w = at - low;
  return (1 - w) * values[low] + w * values[low + 1];
}
