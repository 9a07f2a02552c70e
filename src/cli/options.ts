/**
 * From flags to the library's options.
 *
 * @module
 */
import type { GenerateOptions } from "../generate.ts";
import type { FlagValues } from "./flags.ts";

/** What the flags say of sampling and size; a seed of −1 becomes a new one. */
export function generateOptions(flags: FlagValues): GenerateOptions {
  const rowsFirst = (pair?: [number, number]): [number, number] | undefined => pair && [pair[1], pair[0]];
  return {
    negativePrompt: flags.negativePrompt,
    width: flags.width,
    height: flags.height,
    steps: flags.steps,
    cfgScale: flags.cfgScale,
    samplingMethod: flags.samplingMethod,
    scheduler: flags.scheduler,
    eta: flags.eta,
    guidanceRescale: flags.guidanceRescale,
    clipSkip: flags.clipSkip,
    seed: flags.seed === -1 ? crypto.getRandomValues(new Uint32Array(1))[0] : flags.seed ?? DEFAULT_SEED,
    rng: flags.rng,
    feather: flags.feather,
    originalSize: rowsFirst(flags.originalSize),
    targetSize: rowsFirst(flags.targetSize),
    crop: rowsFirst(flags.crop),
    vaeTiling: flags.vaeTiling,
    vaeTileSize: flags.vaeTileSize,
  };
}

/** As in stable-diffusion.cpp. */
const DEFAULT_SEED = 42;

/** The seed of picture number `index` (from 0) of a batch that starts at `seed`. */
export function seedOf(seed: number | bigint, index: number): number | bigint {
  const sum = BigInt(seed) + BigInt(index);
  return sum <= Number.MAX_SAFE_INTEGER ? Number(sum) : sum;
}
