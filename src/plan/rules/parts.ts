/**
 * What a prompt is made of once its words are joined: things, and what relates and places them.
 *
 * @module
 */

/** How one object lies to another, read "subject is … target"; "larger" tells sizes. */
export type Relation = "left" | "right" | "above" | "below" | "beside" | "between" | "on" | "larger" | "smaller";

/** A place in the picture: columns 0 left, 1 middle, 2 right; rows 0 top, 1 middle, 2 bottom. */
export interface Place {
  x?: number;
  y?: number;
}

/** A noun phrase. */
export interface Thing {
  kind: "thing";
  text: string;
  /** Its parts: the words that open it ("two", "the"), what describes the noun, and the noun with what it is of. */
  opening: string;
  adjectives: string;
  noun: string;
  /** The noun by itself, in the singular and lower case. */
  head: string;
  count: number;
  /** Opens with an article, a number or the like; "the" and the owners point to what is known. */
  opens?: "a" | "the" | "own";
}

export type Chunk =
  | Thing
  | { kind: "place"; text: string; place: Place; heading?: boolean; whole?: string }
  | { kind: "relation"; text: string; relation: Relation; pronoun?: string }
  /** One of several that were counted: "the left one", "the other". */
  | { kind: "one"; text: string; place?: Place }
  | { kind: "verb"; text: string; stem: string; plural?: boolean; finite?: boolean }
  | { kind: "be" | "pronoun" | "preposition" | "words"; text: string }
  | { kind: "background" | "and" | "comma" | "colon" | "stop"; text: string };
