/**
 * What is painted for an operation: the picture's own plan with one region changed, or a plan around the operation's
 * box.
 *
 * @module
 */
import { parsePlan } from "../plan/parse_plan.ts";
import { plainPlan, type Plan, type PlanCell, type Region, regionsOf } from "../plan/plan.ts";
import { NOTHING } from "../plan/rules/rules.ts";
import { placesOf, sharedPhrases } from "../judge/checklist.ts";
import type { Rect } from "../region/layout.ts";
import { formatSplitRatio } from "../region/split_ratio.ts";
import type { Operation } from "./operation.ts";
import { overlap, PLACE, rectOfOperation } from "./place.ts";

/** A box is a cell's where so much of the smaller lies in the other. */
const SAME = 0.8;

/**
 * The plan that an operation is painted with.
 *
 * @param plan the picture's own, where it is known
 */
export function planFor(operation: Operation, plan: Plan | undefined): Plan {
  const words = operation.words ?? NOTHING;
  if (!plan) return plainPlan(words, "edit");
  const box = rectOfOperation(operation);
  const regions = regionsOf(plan);
  const places = placesOf(plan);
  const shared = sharedPhrases(regions.map(({ prompt }) => prompt));
  const said = [words, ...shared].join(", ");
  const prompt = promptAfter(plan.prompt, operation);
  const basePrompt = plan.basePrompt === undefined ? undefined : promptAfter(plan.basePrompt, operation);
  const target = places.findIndex((rect) => overlap(rect, box) >= SAME && area(box) >= area(rect) / 4);
  if (regions.length > 1 && target >= 0) {
    let next = 0;
    const changed = (cell: PlanCell): PlanCell => {
      if ("regions" in cell) return { ...cell, regions: cell.regions.map(changed) };
      if (next++ !== target) return cell;
      const { brief: _brief, negativePrompt: _negative, ...rest } = cell; // they speak of what was there
      return { ...rest, prompt: said };
    };
    return parsePlan({
      ...plan,
      prompt,
      ...(basePrompt === undefined ? {} : { basePrompt }),
      regions: plan.regions.map(changed),
    });
  }
  return around(box, said, plan, prompt, basePrompt);
}

/** Rows above and below the box, columns left and right of it; they show what the plan has there. */
function around(box: Rect, words: string, plan: Plan, prompt: string, basePrompt: string | undefined): Plan {
  const at = (x: number, y: number): Region => {
    const index = placesOf(plan).findIndex((rect) => x >= rect.x0 && x < rect.x1 && y >= rect.y0 && y < rect.y1);
    const { prompt = "", negativePrompt, loras } = regionsOf(plan)[index] ?? {};
    return { prompt: prompt || NOTHING, ...(negativePrompt ? { negativePrompt } : {}), ...(loras ? { loras } : {}) };
  };
  const middle = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
  const least = 0.02;
  const parts = (before: number, after: number, regionBefore: Region, regionAfter: Region) =>
    [
      { size: before, region: regionBefore, isBox: false },
      { size: 1 - before - after, region: { prompt: words }, isBox: true },
      { size: after, region: regionAfter, isBox: false },
    ].filter(({ size, isBox }) => isBox || size > least);
  const columns = parts(box.x0, 1 - box.x1, at(box.x0 / 2, middle.y), at((1 + box.x1) / 2, middle.y));
  const rows = parts(box.y0, 1 - box.y1, at(middle.x, box.y0 / 2), at(middle.x, (1 + box.y1) / 2));
  const regions = rows.flatMap(({ region, isBox }) => isBox ? columns.map(({ region }) => region) : [region]);
  const { mode, baseRatio, negativePrompt } = plan;
  const avoided = negativePrompt === undefined ? {} : { negativePrompt };
  if (regions.length === 1) return { ...plainPlan(words, "edit"), ...avoided };
  const splitRatio = formatSplitRatio(rows.map(({ size, isBox }) => ({
    height: size,
    widths: isBox ? columns.map(({ size }) => size) : [1],
  })));
  return parsePlan({
    prompt,
    ...(basePrompt === undefined ? {} : { basePrompt }),
    // A list has one ratio for each of the plan's own cells.
    ...(typeof baseRatio === "number" ? { baseRatio } : {}),
    ...avoided,
    splitRatio,
    regions,
    planner: "edit",
    mode,
  });
}

/** What the whole picture shows afterwards. */
export function promptAfter(prompt: string, { kind, object, words }: Operation): string {
  const there = object === undefined ? undefined : phraseIn(prompt, object);
  if (words !== undefined && prompt.includes(words)) return prompt; // the prompt is the target already
  if (kind === "add" || there === undefined) {
    return words === undefined ? prompt : [prompt, words].filter(Boolean).join(", ");
  }
  if (kind !== "remove") return prompt.replace(there, () => words!); // as they are: "$&" in words means nothing
  const start = prompt.indexOf(there);
  const [place = ""] = new RegExp(`^${PLACE}\\b`, "i").exec(prompt.slice(start + there.length)) ?? [];
  return (prompt.slice(0, start) + prompt.slice(start + there.length + place.length))
    .replace(/^\s*(?:and\b|,)\s*|\s*(?:\band|,)\s*$/g, "").replace(/,(?: and)? ,/, ",").replace(/ {2,}/g, " ").trim();
}

/** Words that end one phrase and begin another. */
const JOINING = "an?|the|one|and|or|with|of|on|in|at|by|to|from|near|next|beside|under|over|behind|above|below|is|are";

/**
 * The object as the prompt has it, with its article and what stands before its noun: "the pear" is "a yellow pear"
 * there.
 */
function phraseIn(prompt: string, object: string): string | undefined {
  const bare = object.trim().replace(/^(?:an?|the) /i, "").replace(/[^\p{L}\p{N} -]/gu, ".");
  const last = bare.split(" ").at(-1)!;
  // Words between an article and the noun that are of one phrase with it.
  const between = `(?:(?!(?:${JOINING}) )[\\p{L}-]+ ){0,3}?`;
  const phrase = (words: string) => new RegExp(`\\b(?:(?:an?|the|one) ${between})?${words}\\b`, "iu").exec(prompt)?.[0];
  return phrase(bare) ?? phrase(last);
}

function area({ x0, y0, x1, y1 }: Rect): number {
  return (x1 - x0) * (y1 - y0);
}
