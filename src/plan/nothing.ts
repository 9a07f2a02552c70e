/**
 * Regions where nothing stands: what plans call them, and what a model may want to be told instead.
 *
 * @module
 */
import { type Plan, withRegions } from "./plan.ts";

/** What a region without a thing shows, where nothing is said of the setting. */
export const NOTHING = "empty background";

const WORDS = new RegExp(`^(?:an? )?${NOTHING}(?:,\\s*)?`, "i");

/** Whether a region shows the setting alone: it asks for nothing that could be missed. */
export function isEmpty(prompt: string): boolean {
  return WORDS.test(prompt);
}

/** A place among what such a region shares with all others. */
const SETTING = /(?:^|,\s*)(?:in|on|at|by|under|inside|against|before) /i;

/**
 * The plan for a model whose captions call nothing by words of their own: these, unless the region tells of a setting.
 * The picture's own plan keeps {@linkcode NOTHING}, by which its empty regions are known.
 */
export function callingNothing<P extends Pick<Plan, "regions">>(plan: P, words: string | undefined): P {
  if (words === undefined) return plan;
  return withRegions(plan, (region) => {
    if (!isEmpty(region.prompt)) return region;
    const more = region.prompt.replace(WORDS, "");
    const prompt = SETTING.test(more) ? more : [words, more].filter(Boolean).join(", ");
    return { ...region, prompt };
  });
}
