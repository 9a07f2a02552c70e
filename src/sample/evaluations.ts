/**
 * How often samplers ask the network, as diffusers counts: its timesteps are evaluations, and what lasts for a share of
 * the steps lasts for a share of those.
 *
 * @module
 */
import type { SamplerName } from "./names.ts";
import type { Schedule } from "./types.ts";

/** Samplers that ask the network twice in each step but the last, which ends at σ = 0. */
const TWICE: readonly SamplerName[] = ["heun", "dpm2", "dpm2_a", "dpm++2s_a", "dpm++sde"];

/** Evaluations of a run before its `step`th step, counted from 0. */
export function evaluationsBefore(
  sampler: SamplerName,
  { settings }: Pick<Schedule, "settings">,
  step: number,
): number {
  if (step <= 0) return 0;
  if (TWICE.includes(sampler)) return 2 * step;
  if (sampler !== "pndm") return step;
  // Heun's step first, or three of Runge–Kutta's.
  return settings.skip_prk_steps ? step + 1 : step + 3 * Math.min(step, 3);
}

/** Evaluations of a run of `steps` steps. */
export function evaluationsOf(sampler: SamplerName, schedule: Pick<Schedule, "settings">, steps: number): number {
  return evaluationsBefore(sampler, schedule, steps) - (TWICE.includes(sampler) ? 1 : 0);
}
