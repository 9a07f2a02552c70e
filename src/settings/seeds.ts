/**
 * Seeds of one picture after another.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { LARGEST_SEED } from "./kinds.ts";
import { pictureSettings } from "./schema.ts";

/** The seed to begin with: the default where none is asked for, a new one for −1. */
export function firstSeed(asked: number | bigint = pictureSettings.seed.default): number | bigint {
  return asked === -1 ? crypto.getRandomValues(new Uint32Array(1))[0] : asked;
}

/**
 * The seed of picture number `index` (from 0) of a batch that starts at `seed`. @throws UsageError beyond the largest
 */
export function seedOf(seed: number | bigint, index: number): number | bigint {
  const sum = BigInt(seed) + BigInt(index);
  if (sum > LARGEST_SEED) {
    throw new UsageError(`--seed ${seed} leaves no seed for picture ${index + 1}: ${sum} is too large.`);
  }
  return sum <= Number.MAX_SAFE_INTEGER ? Number(sum) : sum;
}
