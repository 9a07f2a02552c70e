/**
 * Seeded noise that repeats other programs' pictures. Every picture has a generator of its own; its first latents and
 * the noise of its sampling steps come from it in that order, as in diffusers with a list of generators.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { CpuNoise } from "./cpu_noise.ts";
import { CudaNoise } from "./cuda_noise.ts";
import type { NoiseGenerator } from "./types.ts";

/**
 * The generator of `torch.Generator(device=kind).manual_seed(seed)` for f32 draws: "cpu" bit for bit, "cuda" to about
 * 2⁻²¹.
 * @param seed a whole number from 0 to 2⁶³ − 1; above 2⁵³ as a bigint
 * @throws {UsageError} for any other seed
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { noiseGenerator } from "./noise.ts";
 *
 * const [first] = noiseGenerator("cpu", 42).normal(4 * 64 * 64);
 * assert.equal(first, 1.9269152879714966);
 * ```
 */
export function noiseGenerator(kind: "cpu" | "cuda", seed: number | bigint): NoiseGenerator {
  const whole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  if (!whole || seed < 0 || seed >= 2n ** 63n) {
    throw new UsageError(`The seed ${seed} is not a whole number from 0 to ${2n ** 63n - 1n}.`);
  }
  return kind === "cpu" ? new CpuNoise(BigInt(seed)) : new CudaNoise(BigInt(seed));
}
