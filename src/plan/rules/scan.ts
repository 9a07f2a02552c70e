/**
 * The rules planner's first pass: a clause of the prompt becomes a row of tokens, phrases on one hand and the words that
 * relate or place them on the other.
 *
 * @module
 */
import { ADJECTIVES, COLOURS, DETERMINERS, ENCOUNTERS } from "./words.ts";

/** How one object lies to another. `left` and `above` read "subject is left of / above target". */
export type Relation =
  | "left"
  | "right"
  | "above"
  | "below"
  | "over"
  | "on"
  | "under"
  | "beside"
  | "between"
  | "front"
  | "behind";

/** A place in the picture: columns 0 left, 1 middle, 2 right; rows 0 top, 1 middle, 2 bottom. */
export interface Place {
  x?: 0 | 1 | 2;
  y?: 0 | 1 | 2;
}

export type Token =
  | { kind: "phrase"; text: string }
  | { kind: "and" }
  | { kind: "place"; place: Place; text: string }
  | { kind: "background"; text: string }
  | { kind: "relation"; relation: Relation; text: string; encounter?: boolean }
  | { kind: "preposition"; text: string };

const OF_PICTURE = "(?:picture|image|frame|scene|photo|photograph|canvas|painting|composition|view)";
const SIDE = "(?:side|half|corner|part|edge|third|area|portion|hand side)";
const SPOT = "(top|upper|bottom|lower|left|right|middle|cent(?:er|re)|foreground)";
const PLACE =
  `${SPOT}(?:[- ](left|right|cent(?:er|re)|middle))?(?:[- ]hand)?(?: ${SIDE})?(?: of (?:the )?${OF_PICTURE})?`;
const NEXT = "(?=[\\s,;:.]|$)";

/** "left: …" or "the right half shows …", only at the start of a clause; "red apple left", only at its end. */
const HEADING = pattern(`(?:the )?${PLACE}(?:\\s*:| (?:shows|is|has|contains|depicts|features|holds) )`);
const BARE = pattern("(?:far )?(left|right|(?:top|upper|bottom|lower)[- ](?:left|right))$");

/** Tried in this order at the start of each word. */
const PATTERNS: [RegExp, (match: RegExpMatchArray) => Token][] = [
  [
    pattern(
      `(?:on |to |at |in )?(?:the |its |his |her )?(?:very |far |immediate )?(left|right)(?:[- ]hand)?(?: side)? of (?!(?:the )?${OF_PICTURE})`,
    ),
    (m) => ({ kind: "relation", relation: m[1].toLowerCase() as Relation, text: m[0] }),
  ],
  [
    pattern(
      `(?:in|at|into) (?:the )?(?:far |distant )?(?:background|distance|back)(?: of (?:the )?${OF_PICTURE})?${NEXT}`,
    ),
    (m) => ({ kind: "background", text: m[0].trim() }),
  ],
  [
    pattern("(?:in the middle|in the cent(?:er|re)|at the edge|in the corner|in the shade) of "),
    (m) => ({ kind: "preposition", text: m[0].trim() }),
  ],
  [pattern(`(?:on|at|in|to|towards?|near|from) (?:the |its )?(?:very |far |extreme )?${PLACE}${NEXT}(?! of )`), place],
  [HEADING, place],
  [BARE, place],
  [
    pattern("(?:sitting |standing |lying |resting |placed |perched |stacked |balanced )?(?:up )?(?:on top of|atop) "),
    relation("above"),
  ],
  [pattern("(?:floating |hovering |flying |hanging |suspended |high |directly |right )*above "), relation("above")],
  [
    pattern(
      "(?:floating |hovering |flying |hanging |leaning |jumping )*over (?=(?:an?|the|two|three|it|them|his|her) )",
    ),
    relation("over"),
  ],
  [pattern("(?:directly |right )?(?:below|beneath|underneath) "), relation("below")],
  [pattern("(?:sitting |standing |lying |hiding |sleeping )*under "), relation("under")],
  [
    pattern(
      "(?:sitting |standing |lying |parked |placed )*(?:right |directly )?(?:next to|beside|alongside|adjacent to|close to|near to|near|side by side with|by the side of) ",
    ),
    relation("beside"),
  ],
  [pattern("(?:sitting |standing |lying |placed )*by (?=(?:an?|the|his|her|its) )"), relation("beside")],
  [pattern("(?:sitting |standing |lying |placed )*(?:in )?between "), relation("between")],
  [pattern("(?:sitting |standing |lying |parked )*in front of "), relation("front")],
  [pattern("(?:sitting |standing |lying |hiding )*behind "), relation("behind")],
  [
    pattern(`${ENCOUNTERS.source} (?=(?:an?|the|one|two|three|four|his|her|another) )`),
    (m) => ({ kind: "relation", relation: "beside", text: m[0], encounter: true }),
  ],
  [pattern("(?:on|onto|upon) "), (m) => ({ kind: "relation", relation: "on", text: m[0] })],
  [
    pattern(
      "(?:in|inside|at|through|across|along|against|amid|amidst|among|during|within|into|with|wearing|holding|carrying|riding|of|from|full of|covered (?:in|with|by)|surrounded by|made of|reflected in|for|to|around) ",
    ),
    (m) => ({ kind: "preposition", text: m[0].trim() }),
  ],
  [pattern(`(?:and|&|plus|as well as|along with|together with|while|whereas|then)${NEXT}`), () => ({ kind: "and" })],
];

/** Split a clause into tokens. Phrases keep the words and the case they were written with. */
export function scan(clause: string): Token[] {
  const tokens: Token[] = [];
  let phrase = "";
  const flush = () => {
    if (phrase.trim()) tokens.push({ kind: "phrase", text: phrase.trim() });
    phrase = "";
  };
  let rest = clause.trim();
  while (rest) {
    const found = firstMatch(rest, phrase, tokens.length === 0 && phrase === "");
    if (found) {
      flush();
      tokens.push(found.token);
      rest = rest.slice(found.length).trimStart();
    } else {
      const word = rest.match(/^(?:\([^)]*\)|\[[^\]]*\]|\S)+\s*/)![0];
      phrase += word;
      rest = rest.slice(word.length);
    }
  }
  flush();
  return tokens;
}

function firstMatch(rest: string, before: string, first: boolean): { token: Token; length: number } | undefined {
  for (const [regex, make] of PATTERNS) {
    const match = rest.match(regex);
    if (!match || (regex === HEADING && !first) || (regex === BARE && first)) continue;
    const token = make(match);
    const direction = /\b(?:looking|facing|turned|turning|pointing|leaning|moving|gazing)\s*$/i;
    if (token.kind === "place" && direction.test(before)) continue;
    if (token.kind === "and" && joinsAdjectives(before, rest.slice(match[0].length))) continue;
    return { token, length: match[0].length };
  }
}

/** "a black and white dog": the word before "and" is an adjective and no new noun phrase starts after it. */
function joinsAdjectives(before: string, after: string): boolean {
  const last = before.trim().split(/\s+/).at(-1) ?? "";
  const next = after.trim().split(/\s+/)[0] ?? "";
  const describes = (word: string) => COLOURS.has(word.toLowerCase()) || ADJECTIVES.has(word.toLowerCase());
  return describes(last) && !DETERMINERS.has(next.toLowerCase());
}

function pattern(source: string): RegExp {
  return new RegExp(`^${source}`, "i");
}

function relation(kind: Relation): (match: RegExpMatchArray) => Token {
  return (match) => ({ kind: "relation", relation: kind, text: match[0] });
}

function place(match: RegExpMatchArray): Token {
  const spot = `${match[1]} ${match[2] ?? ""}`.toLowerCase();
  const found: Place = {};
  if (/left/.test(spot)) found.x = 0;
  if (/right/.test(spot)) found.x = 2;
  if (/top|upper/.test(spot)) found.y = 0;
  if (/bottom|lower|foreground/.test(spot)) found.y = 2;
  if (/middle|cent/.test(spot)) {
    found.x ??= 1;
    found.y ??= 1;
  }
  return { kind: "place", place: found, text: match[0] };
}
