/**
 * Plans that language models write as JSON, in the spellings they choose.
 *
 * @module
 */
import { PlannerError } from "../../errors.ts";
import { splitAtBreak } from "../../region/keywords.ts";
import type { PlanCell } from "../plan.ts";
import { fromRows, type ReplyRow } from "./reply_schema.ts";

/** What a reply says of a plan; checked only when it is made one. */
export interface Draft {
  splitRatio: string;
  regions: PlanCell[];
  basePrompt?: string;
  baseRatio?: number | string;
  negativePrompt?: string;
}

type Json = Record<string, unknown>;

/** Every JSON object in a text, outermost only, with where it starts. */
export function findObjects(text: string): { at: number; value: Json }[] {
  const found: { at: number; value: Json }[] = [];
  let attempts = 0;
  for (let at = text.indexOf("{"); at >= 0 && attempts < 64; attempts++) {
    const end = closingBrace(text, at);
    const value = end === undefined ? undefined : parseObject(text.slice(at, end));
    if (value) found.push({ at, value });
    at = text.indexOf("{", value ? end! : at + 1);
  }
  return found;
}

/** Where the object that starts here ends; undefined where it does not or nests deeper than any plan. */
function closingBrace(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length && depth <= 64; i++) {
    if (quoted) {
      if (text[i] === "\\") i++;
      else if (text[i] === '"') quoted = false;
    } else if (text[i] === '"') quoted = true;
    else if (text[i] === "{" || text[i] === "[") depth++;
    else if ((text[i] === "}" || text[i] === "]") && --depth === 0) return i + 1;
  }
}

/**
 * Small models break lines inside strings, leave commas at the end of lists and quote as Python does; all are plain to
 * mend.
 */
function parseObject(text: string): Json | undefined {
  const oneLine = text.replace(/[\n\r\t]/g, " ");
  const closed = oneLine.replace(/,(\s*[}\]])/g, "$1");
  const python = closed.replace(/"(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'|\bNone\b/g, (all, quoted?: string) => {
    if (quoted === undefined) return all === "None" ? "null" : all;
    return JSON.stringify(quoted.replaceAll("\\'", "'"));
  });
  for (const candidate of [text, oneLine, closed, python]) {
    try {
      return JSON.parse(candidate) as Json;
    } catch {
      continue; // not JSON as it stands: the next candidate, or no object at all
    }
  }
}

/**
 * A draft from an object that speaks of regions, else undefined. Throws PlannerError for one that does so incompletely.
 */
export function draftFromObject(object: Json): Draft | undefined {
  const inner = get(object, "plan", "layout");
  if (isObject(inner)) return draftFromObject({ ...object, plan: undefined, layout: undefined, ...inner });
  const layout = readLayout(object);
  if (!layout) return undefined;
  const basePrompt = get(object, "base_prompt");
  const baseRatio = get(object, "base_ratio");
  const negativePrompt = get(object, "negative_prompt");
  const hasBase = typeof basePrompt === "string" && basePrompt.trim() !== "";
  return {
    ...layout,
    ...(hasBase ? { basePrompt } : {}),
    ...(hasBase && (typeof baseRatio === "number" || typeof baseRatio === "string") ? { baseRatio } : {}),
    ...(typeof negativePrompt === "string" && negativePrompt.trim() ? { negativePrompt } : {}),
  };
}

function readLayout(object: Json): { splitRatio: string; regions: PlanCell[] } | undefined {
  const rows = get(object, "rows");
  if (Array.isArray(rows) && rows.length > 0 && rows.every(isObject)) {
    return fromRows(rows.map(readRow), readCell);
  }
  const ratio = get(object, "final_split_ratio", "split_ratio", "ratio");
  const regions = get(object, "regions", "regional_prompt", "regional_prompts", "region_prompts", "prompts", "cells");
  if (ratio === undefined && regions === undefined) return undefined;
  if (regions === undefined) {
    throw new PlannerError(`The reply's JSON has a split ratio (${show(ratio)}) but no "regions".`);
  }
  if (ratio === undefined) {
    const boxed = Array.isArray(regions) && regions.every((cell) => isObject(cell) && get(cell, "box") !== undefined);
    if (boxed) return { splitRatio: "1", regions: readRegions(regions) };
    throw new PlannerError(`The reply's JSON has regions but no "split_ratio": ${show(regions)}.`);
  }
  return { splitRatio: readRatio(ratio), regions: readRegions(regions) };
}

function readRow(row: Json): ReplyRow {
  const cells = get(row, "cells", "columns", "regions");
  if (Array.isArray(cells) && cells.length > 0) {
    return { height: get(row, "height", "size"), cells: cells.map((cell) => isObject(cell) ? cell : { prompt: cell }) };
  }
  return { height: get(row, "height", "size"), cells: [{ ...row, width: 1 }] };
}

function readCell(cell: Json): PlanCell {
  const splitAgain = get(cell, "rows", "final_split_ratio", "split_ratio", "ratio") !== undefined;
  const layout = splitAgain ? readLayout(cell) : undefined;
  if (layout) return layout;
  const prompt = get(cell, "prompt", "regional_prompt", "region_prompt", "description", "text", "content", "caption");
  if (typeof prompt !== "string") {
    throw new PlannerError(`A region in the reply's JSON has no "prompt": ${show(cell)}.`);
  }
  const negativePrompt = get(cell, "negative_prompt");
  const baseRatio = get(cell, "base_ratio");
  const brief = get(cell, "brief", "short_prompt");
  const box = get(cell, "box", "bounding_box", "bbox");
  const depth = get(cell, "depth");
  // A mask is a file of the user's: no language model names one.
  return {
    prompt,
    ...(typeof brief === "string" && brief.trim() ? { brief } : {}),
    ...(box === undefined ? {} : { box: readBox(box) }),
    ...(box !== undefined && typeof depth === "number" ? { depth } : {}),
    ...(typeof negativePrompt === "string" && negativePrompt.trim() ? { negativePrompt } : {}),
    ...(typeof baseRatio === "number" ? { baseRatio } : {}),
  };
}

/** [left, top, right, bottom], or an object with these names. Whether it is a box that can be is the plan's to say. */
function readBox(box: unknown): [number, number, number, number] {
  const sides = Array.isArray(box)
    ? box
    : isObject(box)
    ? ["left", "top", "right", "bottom"].map((side) => get(box, side))
    : [];
  if (sides.length !== 4 || !sides.every((side) => typeof side === "number")) {
    throw new PlannerError(`A box in the reply's JSON is not [left, top, right, bottom] from 0 to 1: ${show(box)}.`);
  }
  return sides as [number, number, number, number];
}

/** "1,1", 1, [1, 1] or [[1, 1, 1], [2, 1]]. */
function readRatio(ratio: unknown): string {
  if (typeof ratio === "string" || typeof ratio === "number") return String(ratio);
  if (Array.isArray(ratio) && ratio.length > 0) {
    const nested = ratio.some(Array.isArray);
    return ratio.map((part) => Array.isArray(part) ? part.map(String).join(",") : String(part)).join(
      nested ? ";" : ",",
    );
  }
  throw new PlannerError(`The split ratio in the reply's JSON cannot be read: ${show(ratio)}.`);
}

function readRegions(regions: unknown): PlanCell[] {
  if (typeof regions === "string") return splitAtBreak(regions).map((prompt) => ({ prompt }));
  if (isObject(regions)) {
    return Object.values(regions).map((cell) => readCell(isObject(cell) ? cell : { prompt: cell }));
  }
  if (Array.isArray(regions)) return regions.map((cell) => readCell(isObject(cell) ? cell : { prompt: cell }));
  throw new PlannerError(`The regions in the reply's JSON cannot be read: ${show(regions)}.`);
}

/** The first of these keys that the object has, in any case and with any of "_", "-", " " or nothing between words. */
function get(object: Json, ...keys: string[]): unknown {
  const plain = (key: string) => key.toLowerCase().replace(/[^a-z]/g, "");
  for (const key of keys) {
    for (const [name, value] of Object.entries(object)) {
      if (plain(name) === plain(key) && value !== undefined && value !== null) return value;
    }
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
