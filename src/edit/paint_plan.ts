/**
 * What is painted for an operation: the picture's own plan with one region changed, or one region more.
 *
 * @module
 */
import { layoutOf } from "../plan/layout_of.ts";
import { parsePlan } from "../plan/parse_plan.ts";
import { isPlain, plainPlan, type Plan, type PlanCell, type Region, regionsOf, withRegions } from "../plan/plan.ts";
import { isEmpty, NOTHING } from "../plan/nothing.ts";
import { placesOf, sharedPhrases } from "../judge/checklist.ts";
import type { Rect } from "../region/layout.ts";
import { hiddenRegions } from "../region/visible.ts";
import type { Operation } from "./operation.ts";
import { rectOfOperation } from "./place.ts";
import { area, overlap } from "./rects.ts";
import { leadingPlace, sideOf, thingMeant } from "./spoken_place.ts";

/** Share of the smaller that lies in the other, from which a box counts as a region's own place. */
const SAME = 0.8;

/**
 * The plan that an operation is painted with: with the region changed whose place it is, or with a box more that lies
 * over the others.
 *
 * @param shown the picture's own, where it is known
 */
export function planFor(operation: Operation, shown: Plan | undefined): Plan {
  // Words for nothing, which small models were never shown, colour a hole unless others stand beside them.
  if (!shown) return plainPlan(operation.words ?? "", "edit");
  const words = operation.words ?? NOTHING;
  const plan = allowing(operation.words ?? "", shown);
  const box = rectOfOperation(operation);
  const regions = regionsOf(plan);
  const places = placesOf(plan);
  const shared = sharedPhrases(regions.map(({ prompt }) => prompt));
  const said = [words, ...shared].join(", ");
  const changes = (i: number) => {
    const share = area(box) / area(places[i]);
    // Something added where a thing stands already leaves that thing, unless it takes all of its place.
    const least = operation.kind === "add" && !isEmpty(regions[i].prompt) ? SAME : 1 / 4;
    return overlap(places[i], box) >= SAME && share >= least;
  };
  const target = regions.findIndex((_, i) => changes(i));
  // Towards a prompt, the plan is the target's already: what it has of the object stands elsewhere.
  const isThere = target >= 0 && operation.words !== undefined && holds(regions[target].prompt, operation.words);
  const after = (prompt: string) => isThere ? prompt : promptAfter(prompt, operation);
  const { basePrompt, baseRatio: _ratio, ...unbased } = plan;
  const base = basePrompt === undefined ? undefined : after(basePrompt);
  const whole = {
    ...(base === "" ? unbased : plan),
    ...(base ? { basePrompt: base } : {}),
    prompt: after(plan.prompt),
  };
  const avoided = plan.negativePrompt === undefined ? {} : { negativePrompt: plan.negativePrompt };
  const isRemoved = operation.kind === "remove";
  // What the one region of a plain picture shows around the box.
  const left = isRemoved ? after(regions[0].prompt) : regions[0].prompt;
  const isBare = isPlain(plan)
    ? left === ""
    : whole.prompt === "" && regions.every(({ prompt }, i) => i === target || isEmpty(prompt));
  if (isRemoved && isBare) return { ...plainPlan("", "edit"), ...avoided };
  if (isPlain(plan)) {
    if (target >= 0 && area(box) >= SAME) return { ...plainPlan(said, "edit"), ...avoided };
    // How its region was drawn does not say how several are joined.
    const { mode: _mode, ...free } = whole;
    return withBox({ ...free, regions: [{ ...regions[0], prompt: left || NOTHING }] }, box, said);
  }
  return target < 0 ? withBox(whole, box, said) : withWords(whole, target, said);
}

/** The plan with other words in the region of this number from 0. */
function withWords(plan: Plan, target: number, prompt: string): Plan {
  return parsePlan(withRegions(plan, (region, i) => {
    if (i !== target) return region;
    const { brief: _brief, negativePrompt: _negative, ...rest } = region; // they speak of what was there
    return { ...rest, prompt };
  }));
}

/**
 * The plan without avoiding what shall be there now: an earlier edit may have removed it, and its plan avoids it since.
 */
function allowing(words: string, plan: Plan): Plan {
  const wordsOf = (text: string) => text.toLowerCase().replace(/^\s*(?:an?|the) /, "").match(/[^\s,]+/g) ?? [];
  const asked = new Set(wordsOf(words));
  const phrases = plan.negativePrompt?.split(",") ?? [];
  const kept = phrases.filter((phrase) => !wordsOf(phrase).every((word) => asked.has(word)));
  if (kept.length === phrases.length) return plan;
  const { negativePrompt: _, ...free } = plan;
  return kept.length ? { ...free, negativePrompt: kept.join(",").trim() } : free;
}

/** The plan with one region more, in front of all others; boxes that nothing is seen of any more are gone. */
function withBox(plan: Plan, { x0, y0, x1, y1 }: Rect, prompt: string): Plan {
  const depth = Math.min(0, ...regionsOf(plan).map(({ depth = 0 }) => depth));
  const over: Region = { prompt, box: [x0, y0, x1, y1], ...(depth ? { depth } : {}) };
  const regions = [...plan.regions, over];
  const hidden = new Set(hiddenRegions(layoutOf({ ...plan, regions })));
  const all = regionsOf({ regions });
  const isSeen = (cell: PlanCell) => "regions" in cell || cell.box === undefined || !hidden.has(all.indexOf(cell));
  return parsePlan({ ...plan, planner: "edit", regions: regions.filter(isSeen) });
}

/** What the whole picture shows afterwards. */
export function promptAfter(prompt: string, operation: Operation): string {
  const { kind, object, words } = operation;
  const there = object === undefined ? undefined : phraseIn(prompt, object, rectOfOperation(operation));
  if (kind === "add" || there === undefined) {
    return words === undefined || holds(prompt, words) ? prompt : [prompt, words].filter(Boolean).join(", ");
  }
  const [before, after] = [prompt.slice(0, there.start), prompt.slice(there.end)];
  if (kind !== "remove") return before + words! + after;
  return (before + after.slice(leadingPlace(after)?.words.length ?? 0))
    .replace(/^\s*(?:and\b|,)\s*|\s*(?:\band|,)\s*$/g, "").replace(/,(?: and)? ,/, ",").replace(/ {2,}/g, " ").trim();
}

/** Whether a prompt has these words, and not as a part of others: "a red car" is not in "a red carpet". */
function holds(prompt: string, words: string): boolean {
  const around = prompt.split(words);
  return around.some((after, i) => i > 0 && !/^[\p{L}\p{N}]/u.test(after) && !/[\p{L}\p{N}]$/u.test(around[i - 1]));
}

/** Words that end one phrase and begin another. */
const JOINING = "an?|the|one|and|or|with|of|on|in|at|by|to|from|near|next|beside|under|over|behind|above|below|is|are";

/**
 * Where the prompt has the object, with its article and what stands before its noun: "the pear" is "a yellow pear"
 * there. Of several the one whose place is the operation's; one that is said to be on another side is not it.
 */
function phraseIn(prompt: string, object: string, box: Rect): { start: number; end: number } | undefined {
  const bare = thingMeant(object.trim()).said.replace(/^(?:an?|the) /i, "").replace(/[^\p{L}\p{N} -]/gu, ".");
  const last = bare.split(" ").at(-1)!;
  // Words between an article and the noun that are of one phrase with it.
  const between = `(?:(?!(?:${JOINING}) )[\\p{L}-]+ ){0,3}?`;
  const phrases = (words: string) =>
    [...prompt.matchAll(new RegExp(`\\b(?:(?:an?|the|one) ${between})?${words}\\b`, "giu"))].map((match) => {
      const end = match.index + match[0].length;
      const spot = leadingPlace(prompt.slice(end));
      return { start: match.index, end, near: spot ? overlap(sideOf(spot.place), box) : area(box) }; // or anywhere
    }).filter(({ near }) => near > 0).sort((a, b) => b.near - a.near);
  return phrases(bare)[0] ?? phrases(last)[0];
}
