/**
 * Which of the training's timesteps a run visits, [steps], descending.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { linspace, roundHalfEven } from "./linspace.ts";
import type { SamplerName } from "./names.ts";
import type { SchedulerSettings } from "./types.ts";

/** Whether a sampler is one of those that integrate over λ = −ln σ and share the quirks of DPM-Solver's class. */
export function isSolver(sampler: SamplerName): boolean {
  return sampler === "dpm++2m" || sampler === "dpm++2m_sde" || sampler === "unipc";
}

/** Whether a sampler steps between entries of the training's table of ᾱ, with a level for every whole timestep. */
export function isTabled(sampler: SamplerName): boolean {
  return sampler === "ddim" || sampler === "pndm" || sampler === "lcm";
}

/**
 * Timesteps by `timestep_spacing` (Lin et al. 2023, table 2) with each class's own reading of it: DPM++ and UniPC
 * divide by one step more and leave out the last for "leading" and "linspace"; the σ-based ones keep fractions of
 * "linspace".
 */
export function spacedTimesteps(
  settings: SchedulerSettings,
  sampler: SamplerName,
  steps: number,
  last: number,
): number[] {
  const { num_train_timesteps: T, timestep_spacing, steps_offset } = settings;
  const count = isSolver(sampler) ? steps + 1 : steps;
  switch (timestep_spacing) {
    case "linspace": {
      const even = linspace(0, last - 1, count).reverse().slice(0, steps);
      if (sampler === "dpm++sde") return even; // its class keeps them in double precision
      return even.map(isSolver(sampler) || isTabled(sampler) ? roundHalfEven : Math.fround);
    }
    case "leading": {
      const stride = Math.floor(last / count);
      return Array.from({ length: steps }, (_, i) => (count - 1 - i) * stride + steps_offset);
    }
    default: {
      // numpy.arange steps by the difference of its first two values, roundings included. For 61 and some other counts
      // it makes one more, because 1000 / (1000 / 61) > 61, and the reference visits -1.
      const delta = last - T / steps - last;
      const ends = Array.from({ length: steps }, (_, i) => last + i * delta);
      return ends.filter((end) => end > 0).map((end) => roundHalfEven(end) - 1);
    }
  }
}

/** Timesteps of a latent consistency model: a selection from the ones it was distilled on (Luo et al. 2023). */
export function lcmTimesteps(settings: SchedulerSettings, steps: number): number[] {
  const { num_train_timesteps: T, original_inference_steps: original } = settings;
  if (steps > original) {
    throw new UsageError(`lcm takes at most ${original} steps (original_inference_steps of the model), not ${steps}.`);
  }
  const stride = Math.floor(T / original);
  return Array.from({ length: steps }, (_, i) => (original - Math.floor(i * (original / steps))) * stride - 1);
}
