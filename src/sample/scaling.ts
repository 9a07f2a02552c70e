/**
 * What stands between a sampler and the network: how latents of a level are scaled for it, and what its output says of
 * x₀ (the wrappers of Karras et al. 2022, table 1, for every kind of checkpoint).
 *
 * @module
 */
import type { Beside, Evaluate, LatentSpace, Level, Run, SamplerOptions, Schedule, Term } from "./types.ts";

/** A run of a schedule on a network. */
export function runOf<T>(
  space: LatentSpace<T>,
  evaluate: Evaluate<T>,
  schedule: Schedule,
  { eta, start = 0, negative }: SamplerOptions & Beside<T> = {},
): Run<T> {
  const { strides, settings, at, level } = schedule;
  const predict = (x: T, level: Level) =>
    evaluate(x, { timestep: level.timestep, inputScale: inputScale(schedule, level) });
  const estimate = (x: T, level: Level, output: T, limit?: number) =>
    space.combine(denoisedTerms(schedule, level, x, output), limit);
  return {
    space,
    predict,
    estimate,
    denoise: async (x, level, limit) => estimate(x, level, await predict(x, level), limit),
    denoiseBoth: async (x, level) => {
      const output = await predict(x, level);
      const denoised = estimate(x, level, output);
      return { denoised, negative: negative ? estimate(x, level, negative()) : denoised };
    },
    strides,
    at,
    level,
    clip: settings.clip_sample ? settings.clip_sample_range : undefined,
    settings,
    eta,
    start,
  };
}

/** What brings x to the scale the network was trained on. */
function inputScale(schedule: Schedule, { alpha, sigma }: Level): number {
  return 1 / Math.hypot(schedule.edm ? schedule.settings.sigma_data : alpha, sigma);
}

/** x₀ as a combination of the latents and the network's output for them. */
function denoisedTerms<T>(schedule: Schedule, { alpha, sigma }: Level, x: T, output: T): Term<T>[] {
  const { prediction_type, sigma_data } = schedule.settings;
  if (schedule.edm) {
    // c_skip and c_out of Karras et al. 2022, table 1
    const variance = sigma ** 2 + sigma_data ** 2;
    const out = sigma * sigma_data / Math.sqrt(variance);
    return [[sigma_data ** 2 / variance, x], [prediction_type === "epsilon" ? out : -out, output]];
  }
  switch (prediction_type) {
    case "epsilon":
      return [[1 / alpha, x], [-sigma / alpha, output]];
    case "v_prediction": {
      // v = α ε − σ x₀ for α² + σ² = 1 (Salimans and Ho 2022)
      const norm = Math.hypot(alpha, sigma);
      return [[alpha / norm ** 2, x], [-sigma / norm, output]];
    }
    case "sample":
      return [[1, output]];
  }
}
