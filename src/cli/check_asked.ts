/**
 * What is asked of a picture, looked at before anything is done.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { outputSettings } from "../settings/schema.ts";
import { firstSeed, seedOf } from "../settings/seeds.ts";
import { checkPlanFlags } from "./choose_plan.ts";
import type { Context } from "./command.ts";

/**
 * What the flags alone can be refused for, before anything is done.
 *
 * @returns the seed of the first picture
 * @throws UsageError where flags contradict each other, or there is no seed for each picture
 */
export function checkAsked(context: Context): number | bigint {
  const { batchCount = outputSettings.batchCount.default, bestOf = 1, preview, taesd } = context.flags;
  const seed = firstSeed(context.flags.seed);
  seedOf(seed, batchCount * bestOf - 1);
  checkPlanFlags(context);
  if (preview === "tae" && taesd === undefined) {
    throw new UsageError("--preview tae needs a TAESD: name its file with --taesd.");
  }
  return seed;
}
