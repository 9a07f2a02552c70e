/**
 * From a plan to what its picture must show.
 *
 * @module
 */
import { layoutOf } from "../plan/layout_of.ts";
import { type Plan, regionsOf } from "../plan/plan.ts";
import { isEmpty } from "../plan/nothing.ts";
import type { Rect } from "../region/layout.ts";
import { wordsOf } from "../text/remarks.ts";
import type { Check } from "./judge.ts";

/**
 * One item for each region: what it shows without the words that all regions share (the setting, the style), in its
 * cell. A picture of one region is one item, anywhere. Brackets, weights and tags mean nothing to who looks.
 */
export function checklistOf(plan: Pick<Plan, "splitRatio" | "regions">): Check[] {
  const regions = regionsOf(plan);
  const bare = regions.map(({ prompt }) => wordsOf(prompt).replace(/\s+/g, " ").replace(/ (?=,)/g, "").trim());
  if (regions.length === 1) return bare[0] ? [{ words: bare[0] }] : [];
  const places = placesOf(plan);
  const own = withoutShared(bare);
  return regions.flatMap(({ mask }, i) => {
    if (own[i] === "" || isEmpty(own[i])) return [];
    return [mask === undefined ? { words: own[i], box: places[i] } : { words: own[i] }];
  });
}

/** Each region's box or cell, in fractions of the picture. */
export function placesOf(plan: Pick<Plan, "splitRatio" | "regions">): Rect[] {
  const { cells } = layoutOf(plan);
  return regionsOf(plan).map((_, i) => cells[i].rect);
}

/** Prompts without the phrases that all of them hold; a prompt of nothing else is none. */
function withoutShared(prompts: readonly string[]): string[] {
  const shared = sharedPhrases(prompts);
  return prompts.map((prompt) => phrasesOf(prompt).filter((phrase) => !shared.includes(phrase)).join(", "));
}

/** Phrases behind the first that all prompts hold: the setting and the style. */
export function sharedPhrases(prompts: readonly string[]): string[] {
  const [first, ...others] = prompts.map((prompt) => phrasesOf(prompt).slice(1));
  return first.filter((phrase) => others.every((list) => list.includes(phrase)));
}

function phrasesOf(prompt: string): string[] {
  return prompt.split(/,\s*/);
}
