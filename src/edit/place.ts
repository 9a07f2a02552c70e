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
import type { Place } from "../plan/rules/parts.ts";
import type { Rect } from "../region/layout.ts";
import { freePlace } from "./free_place.ts";
import { boxAround } from "./mask.ts";
import { boxOf, describeOperation, type Operation, rectOf } from "./operation.ts";
import { around, common, grown, overlap } from "./rects.ts";
import { boxAt, type Counted, sideOf, spokenPlace, thingMeant, vagueCount } from "./spoken_place.ts";

/** A share of the object's sides that is painted around it, so that another shape finds room. */
const MARGIN = 0.15;
/** Least pixels along the sides of a place: in a smaller one no model draws anything recognisable. */
const LEAST = 128;

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
 * or the plan's cell that shows the object, or where the judge sees it, or around its contour; of several alike, "the
 * right cat" is the one there, and "the second cat from the left" is counted in the plan. Its mask is its own, or the
 * contour where that is wanted: by "auto", of what is recoloured or removed, which need no room for another shape.
 *
 * @throws UsageError where nothing tells, or which of several is meant stays open
 */
export async function placed(operation: Operation, picture: Picture, guides: Guides): Promise<Operation> {
  const { plan, judge, sees, contour = "auto", guessed, signal } = guides;
  const { kind, object, words, mask, box: given } = operation;
  const { said: thing = "", place, counted } = object ? thingMeant(object) : {};
  const side = place && sideOf(place);
  if (mask || given && kind === "add") return operation;
  const byShape = contour === "attention" || contour === "auto" && kind !== "replace" && (guessed || !given);
  if (given) {
    const shape = byShape ? await sees?.(thing, rectOf(given)) : undefined;
    return shape ? { ...operation, mask: shape, byContour: true } : operation;
  }
  if (kind === "add") {
    const { said, place: spot } = spokenPlace(words!);
    const asked = boxAt(spot ?? {});
    // Without a word on it, any free place will do, where something tells what is free.
    const least = { width: LEAST / picture.width, height: LEAST / picture.height };
    const free = spot || plan ? freePlace(asked, await placesTaken(picture, guides), least) : undefined;
    if (!spot && !free) {
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
  const alike = plan ? cellsOf(plan, thing, place) : [];
  const cell = (counted ? inOrder(alike, counted)[counted.index] : alike[0])?.place;
  const vague = alike.length > 1 ? vagueCount(object!) : undefined;
  const isVague = vague !== undefined && !counted && !alike.some(({ words }) => words.includes(vague));
  if (isVague || counted && !cell) {
    const known = alike.length ? `The picture's plan tells of ${alike.length} alike` : "No plan of the picture tells";
    throw new UsageError(
      `Which one is "${object}"? ${known}. Name one at a time, by its side ("the right cat", "the second cat from the ` +
        `left") or with --box x,y,w,h (${describeOperation(operation)}).`,
    );
  }
  const within = cell ?? side;
  const check = { words: object!, ...(within ? { box: within } : {}) };
  const [mark] = judge ? await ask(judge, picture, [check], signal) : [];
  const found = mark?.box && (!side || overlap(mark.box, side)) ? grown(mark.box, MARGIN) : undefined;
  // Two alike that touch are one thing to some judges.
  const limit = cell ? grown(cell, MARGIN) : side;
  const seen = found && limit && overlap(found, limit) ? common(found, limit) : found;
  const holds = cell ?? seen;
  if (!holds && mark?.verdict === "missing") {
    throw new UsageError(
      `There is no "${object}" to be seen in the picture. If there is, give its place with --box x,y,w,h or --mask FILE ` +
        `(${describeOperation(operation)}).`,
    );
  }
  const shape = byShape || !holds ? await sees?.(thing, holds ?? side) : undefined;
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

/** A region that shows what is looked for. */
interface Alike {
  place: Rect;
  words: string[];
}

/**
 * The cells of the regions that show such a thing; first the one at the place that is meant, else the one that shares
 * most words. None where the plan has one region only, or none that fits.
 */
function cellsOf(plan: Plan, thing: string, meant?: Place): Alike[] {
  const regions = regionsOf(plan);
  if (regions.length === 1) return [];
  const places = placesOf(plan);
  const head = headOf(thing);
  const asked = new Set(thing.toLowerCase().split(/\W+/));
  const fitting = regions.flatMap(({ prompt }, i) => {
    const words = prompt.toLowerCase().split(/\W+/);
    if (headOf(prompt) !== head && !words.includes(head)) return [];
    const near = meant ? overlap(sideOf(meant), places[i]) : 0;
    return [{ place: places[i], words, near, shared: words.filter((word) => asked.has(word)).length }];
  });
  return fitting.sort((a, b) => b.near - a.near || b.shared - a.shared);
}

/** As they stand from a side of the picture. */
function inOrder(alike: readonly Alike[], { from }: Counted): Alike[] {
  const distance = {
    left: ({ x0, x1 }: Rect) => x0 + x1,
    right: ({ x0, x1 }: Rect) => -x0 - x1,
    top: ({ y0, y1 }: Rect) => y0 + y1,
    bottom: ({ y0, y1 }: Rect) => -y0 - y1,
  }[from];
  return alike.toSorted((a, b) => distance(a.place) - distance(b.place));
}

/** A box of an operation that has one. */
export function rectOfOperation({ box }: Operation): Rect {
  return box ? rectOf(box) : { x0: 0, y0: 0, x1: 1, y1: 1 };
}
