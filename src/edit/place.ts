/**
 * Where an operation belongs when nobody says.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { ask, type Judge } from "../judge/judge.ts";
import type { Picture } from "../picture/picture.ts";
import { type Plan, regionsOf } from "../plan/plan.ts";
import { checklistOf, placesOf } from "../judge/checklist.ts";
import { headOf } from "../plan/rules/noun.ts";
import { placeOf } from "../plan/rules/patterns.ts";
import type { Rect } from "../region/layout.ts";
import { freePlace } from "./free_place.ts";
import { boxAround } from "./mask.ts";
import { boxOf, describeOperation, type Operation, rectOf } from "./operation.ts";
import { around, grown, overlap } from "./rects.ts";

/** A share of the object's sides that is painted around it, so that another shape finds room. */
const MARGIN = 0.15;
/** Share of the picture's sides that something added gets. */
const ADDED = 0.5;
/** Least pixels along the sides of a place: in a smaller one no model draws anything recognisable. */
const LEAST = 128;

/** Words that say where in a picture something is; the first group is the place. */
const PLACE = ",? (?:at|in|on|near) the (?:(?:far|very) )?((?:(?:top|bottom|upper|lower|left|right|middle|centre" +
  "|center|corner|side|half)[ -]?)+)(?: of the (?:picture|image))?";

/** What tells where things are. */
export interface Guides {
  /** What the picture shows, where its recipe says. */
  plan?: Plan;
  /** Says where it sees things. */
  judge?: Judge;
  /** The contour of a thing by a model's attention, within a box where one is known; undefined where it sees none. */
  sees?: (object: string, within?: Rect) => Promise<Picture | undefined>;
  /** How an operation's shape is found where nobody gives its mask; default "auto". */
  contour?: "auto" | "attention" | "box";
  /** Operations that come before it, with their places. */
  before?: readonly Operation[];
  /** Called with a sentence where a place is not certain, or where even the best one covers something else. */
  say?: (sentence: string) => void;
  /** Boxes are a judge's or a plan's, not a person's: contours are looked for within them. */
  guessed?: boolean;
  /** Aborting it ends the search with a CancelledError. */
  signal?: AbortSignal;
}

/**
 * The operation with its place. Its box is its own; or at the place that its words name, or the nearest that is free;
 * or the plan's cell that shows the object, or where the judge sees it, or around its contour. Its mask is its own, or
 * the contour where that is wanted: by "auto", of what is recoloured or removed, since neither needs room for another
 * shape.
 *
 * @throws UsageError where nothing tells
 */
export async function placed(operation: Operation, picture: Picture, guides: Guides): Promise<Operation> {
  const { plan, judge, sees, contour = "auto", guessed, signal } = guides;
  const { kind, object, words, mask, box: given } = operation;
  if (mask || given && kind === "add") return operation;
  const byShape = contour === "attention" || contour === "auto" && kind !== "replace" && (guessed || !given);
  if (given) {
    const shape = byShape ? await sees?.(object!, rectOf(given)) : undefined;
    return shape ? { ...operation, mask: shape, byContour: true } : operation;
  }
  if (kind === "add") {
    const { said, place } = spokenPlace(words!);
    const asked = place ?? boxAt({});
    // Without a word on it, any free place will do, where something tells what is free.
    const least = { width: LEAST / picture.width, height: LEAST / picture.height };
    const free = place || plan ? freePlace(asked, await placesTaken(picture, guides), least) : undefined;
    if (!place && !free) {
      throw new UsageError(
        `Where shall "${briefText(said, 80)}" be? Say so (--add "${
          briefText(said, 80)
        } at the left") or give its place with --box x,y,w,h.`,
      );
    }
    if (!free) {
      guides.say?.(`No room is left for "${briefText(said, 80)}" there: it is painted over what stands there.`);
    }
    return { ...operation, words: said, box: boxOf(free ?? asked) };
  }
  const cell = plan && cellOf(plan, object!);
  const [mark] = judge ? await ask(judge, picture, [{ words: object!, ...(cell ? { box: cell } : {}) }], signal) : [];
  const seen = mark?.box && grown(mark.box, MARGIN);
  const holds = cell ?? seen;
  if (!holds && mark?.verdict === "missing") {
    throw new UsageError(
      `There is no "${object}" to be seen in the picture. If there is, give its place with --box x,y,w,h or --mask FILE ` +
        `(${describeOperation(operation)}).`,
    );
  }
  const shape = byShape || !holds ? await sees?.(object!, holds) : undefined;
  if (!holds && shape) {
    guides.say?.(
      `Where "${object}" is, only the model's attention tells, which finds something for any word: look at the result, or ` +
        "give its place with --box x,y,w,h.",
    );
  }
  // Without its contour, what keeps its shape is painted where it is seen rather than in all of its cell.
  const known = kind === "recolor" && !shape ? seen ?? cell : holds;
  const box = known ?? (shape && grown(boxAround(shape)!, MARGIN));
  if (!box) {
    throw new UsageError(
      `Where is "${object}"? Neither the picture's own plan, nor a judge, nor the model's attention tells: give its place ` +
        `with --box x,y,w,h or --mask FILE (${describeOperation(operation)}).`,
    );
  }
  return { ...operation, box: boxOf(box), ...(shape && byShape ? { mask: shape, byContour: true } : {}) };
}

/** Where things stand: by their contours and as the judge sees them, else in all of their cells. */
async function placesTaken(picture: Picture, { plan, judge, sees, before = [], signal }: Guides): Promise<Rect[]> {
  const gone = before.filter(({ kind }) => kind === "remove").map(rectOfOperation);
  const come = before.filter(({ kind, box }) => kind === "add" && box).map(rectOfOperation);
  const checks = (plan ? checklistOf(plan) : []).filter(({ box }) =>
    box && !gone.some((hole) => overlap(box, hole) > 0.5)
  );
  const marks = judge && checks.length ? await ask(judge, picture, checks, signal) : [];
  const seen: Rect[] = [];
  for (const [i, { words, box }] of checks.entries()) {
    const { verdict, box: where } = marks[i] ?? { verdict: "unknown" };
    const shape = await sees?.(words, box);
    const boxes = [where && grown(where, MARGIN), shape && boxAround(shape)].filter((known) => known !== undefined);
    if (boxes.length) seen.push(around(boxes));
    else if (verdict !== "missing") seen.push(box!);
  }
  return [...seen, ...come];
}

/** What words say without the place that they end in, and that place, where they name one: "a cat at the left". */
export function spokenPlace(words: string): { said: string; place?: Rect } {
  const spot = new RegExp(`${PLACE}$`, "i").exec(words);
  return spot ? { said: words.slice(0, spot.index), place: boxAt(placeOf(spot[1].toLowerCase())) } : { said: words };
}

/** The words of a place that a text begins with, and the side of the picture that they mean. */
export function leadingPlace(text: string): { words: string; side: Rect } | undefined {
  const spot = new RegExp(`^${PLACE}\\b`, "i").exec(text);
  if (!spot) return undefined;
  const { x, y } = placeOf(spot[1].toLowerCase());
  const span = (at?: number) => at === undefined ? [0, 1] : [at / 4, at / 4 + 1 / 2];
  const [[x0, x1], [y0, y1]] = [span(x), span(y)];
  return { words: spot[0], side: { x0, y0, x1, y1 } };
}

/** A box with half the picture's sides at a place, in the middle along an axis that was not named. */
function boxAt({ x = 1, y = 1 }: { x?: number; y?: number }): Rect {
  const start = (side: number) => side / 2 * (1 - ADDED);
  return { x0: start(x), y0: start(y), x1: start(x) + ADDED, y1: start(y) + ADDED };
}

/** The cell of the one region that shows such a thing; of several alike the one that shares most words. */
export function cellOf(plan: Plan, object: string): Rect | undefined {
  const index = regionOf(plan, object);
  return index === undefined ? undefined : placesOf(plan)[index];
}

/** The number of that region from 0; undefined where the plan has one region only, or none that fits. */
export function regionOf(plan: Plan, object: string): number | undefined {
  const regions = regionsOf(plan);
  if (regions.length === 1) return undefined;
  const head = headOf(object);
  const asked = new Set(object.toLowerCase().split(/\W+/));
  const fitting = regions.flatMap(({ prompt }, i) => {
    const words = prompt.toLowerCase().split(/\W+/);
    if (headOf(prompt) !== head && !words.includes(head)) return [];
    return [{ i, shared: words.filter((word) => asked.has(word)).length }];
  });
  return fitting.sort((a, b) => b.shared - a.shared || a.i - b.i)[0]?.i;
}

/** A box of an operation that has one. */
export function rectOfOperation({ box }: Operation): Rect {
  return box ? rectOf(box) : { x0: 0, y0: 0, x1: 1, y1: 1 };
}
