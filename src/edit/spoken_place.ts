/**
 * Places in a picture as people say them: "a cat at the left", "the cat on the right", "the upper cat".
 *
 * @module
 */
import type { Place } from "../plan/rules/parts.ts";
import { placeOf } from "../plan/rules/patterns.ts";
import type { Rect } from "../region/layout.ts";

/** Words that say where something is; the first group is the place. */
const PLACE = ",? (?:at|in|on|near) the (?:(?:far|very) )?((?:(?:top|bottom|upper|lower|left|right|middle|centre" +
  "|center|corner|side|half)[ -]?)+)(?: of the (?:picture|image))?";
const BEHIND = new RegExp(`${PLACE}$`, "i");
const FIRST = new RegExp(`^${PLACE}\\b`, "i");
/** "The upper cat"; but a top hat is a hat wherever it is. */
const BEFORE = /(?<=^(?:an? |the )?)((?:left|right|upper|lower|middle)(?:most)?|(?:top|bottom)most) (?=\p{L})/iu;
const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
/** "The second cat from the left": the number, the cat, the side. */
const COUNTED = new RegExp(`(?<=^(?:the )?)(${ORDINALS.join("|")}) (.+) from the (left|right|top|bottom)$`, "i");
/** Which of several is meant, or that all are, without a side to count from. */
const VAGUE = new RegExp(`^(?:the )?(both|all|each|every|last|${ORDINALS.join("|")}) `, "i");

/** What words say without the place that they end in, and that place, where they name one. */
export function spokenPlace(words: string): { said: string; place?: Place } {
  const spot = BEHIND.exec(words);
  return spot ? { said: words.slice(0, spot.index), place: placeIn(spot) } : { said: words };
}

/** The place that a text begins with, and the words for it. */
export function leadingPlace(text: string): { words: string; place: Place } | undefined {
  const spot = FIRST.exec(text);
  return spot ? { words: spot[0], place: placeIn(spot) } : undefined;
}

/** The number of a thing among those alike, counted from a side of the picture. */
export interface Counted {
  /** From 0. */
  index: number;
  from: "left" | "right" | "top" | "bottom";
}

/**
 * A thing that is there already: what it is called, and which of several alike is meant, "the right cat", "the second
 * cat from the left".
 */
export function thingMeant(object: string): { said: string; place?: Place; counted?: Counted } {
  const [, ordinal, thing, from] = COUNTED.exec(object) ?? [];
  if (ordinal) {
    const counted = { index: ORDINALS.indexOf(ordinal.toLowerCase()), from: from.toLowerCase() as Counted["from"] };
    return { said: `the ${thing}`, counted };
  }
  const spot = BEHIND.exec(object) ?? BEFORE.exec(object);
  if (!spot) return { said: object };
  const said = object.slice(0, spot.index) + object.slice(spot.index + spot[0].length);
  return { said, place: placeIn(spot) };
}

/** "both", "second": a word that tells several alike by something else than their place. */
export function vagueCount(object: string): string | undefined {
  return VAGUE.exec(object)?.[1].toLowerCase();
}

function placeIn([, place]: RegExpExecArray): Place {
  return placeOf(place.toLowerCase());
}

/** Half of the picture along each axis that is named, all of it along the other. */
export function sideOf({ x, y }: Place): Rect {
  const span = (at?: number) => at === undefined ? [0, 1] : [at / 4, at / 4 + 1 / 2];
  const [[x0, x1], [y0, y1]] = [span(x), span(y)];
  return { x0, y0, x1, y1 };
}

/** The same, in the middle along an axis that is not named. */
export function boxAt({ x = 1, y = 1 }: Place): Rect {
  return sideOf({ x, y });
}
