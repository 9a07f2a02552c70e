/**
 * The rules planner's second pass: words become chunks, things on one hand and what relates or places them on the other.
 *
 * @module
 */
import type { Word } from "./tag.ts";
import { COLOURS, NUMBERS } from "./words.ts";

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
  plural: boolean;
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

const OF_PICTURE =
  " of (?:the |this )?(?:picture|image|frame|scene|photo|photograph|canvas|painting|drawing|composition|view|screen|poster)";
const SIDE = "(?:hand )?(?:side|half|corner|part|edge|third|area|portion|quarter|foreground|panel|section|frame|column)";
const LEVEL = "(?:shelf|row|rack|step|drawer|layer|level|floor|line)";
const SPOT = "(?:top|upper|bottom|lower|left|right|middle|cent(?:er|re)|central|foreground)";
const SPOTS = `(${SPOT}(?:-hand)?(?:[ -](?:left|right|cent(?:er|re)|middle|foreground)(?:-hand)?)?)(?:most|-most)?`;
const END = "(?= [,.;:!?]| and | while |$)";
const THEM =
  "(it|him|her|them|both(?: of them)?(?= [,.;]| \\w+s (?:an?|the) |$)|each other|these|those|the two|the others?|all of them|everything)(?= |$)(?! (?:cat|dog|man|woman)s?\\b)";

/** Tried in this order where a word begins, on the words in lower case with one space between them. */
const PATTERNS: [RegExp, (match: RegExpMatchArray, text: string) => Chunk][] = [
  [at("(?:seen |viewed |shot )?from (?:above|below|behind|afar)(?= |$)"), (_, text) => ({ kind: "words", text })],
  [at(`(?:on|to|at) (?:its|his|her|their) (?:immediate )?(left|right)(?:-hand)?(?: side)?(?! (?:hand|arm|leg|eye))`), (m, text) => ({
    kind: "relation",
    relation: m[1] as Relation,
    pronoun: "it",
    text,
  })],
  [at(`(?:on |to |at |in )?(?:the )?(?:immediate |far )?(left|right)(?:-hand)?(?: side)? of(?= )(?: ${THEM})?`, OF_PICTURE), relation()],
  [at("(?:in |at |into )?(?:the )?(?:far |distant )?(?:background|distance|back)(?= |$)(?<=(?:in|at|into) .*)", `(?:${OF_PICTURE})?`), (
    _,
    text,
  ) => ({ kind: "background", text })],
  [at("in the (?:middle|cent(?:er|re)|corner|shade) of(?= )", OF_PICTURE), (_, text) => ({ kind: "preposition", text })],
  // "half of the picture is …, the other half …"; "left half of his face is …"
  [
    at(
      `(?:on |in )?(?:the )?((?:${SPOT} |one |other |first |second )?half)(?:(?: of)? (?:(?:the |this )?(?:picture|image|screen|canvas)|(?:his|her|its|the) (\\w+)))?(?= |$)(?! of)`,
    ),
    half,
  ],
  [at(`(?:the |in the |on the |at the )?${SPOTS}(?: ${SIDE})?(?:${OF_PICTURE})?(?: :| (?:shows|is|has|contains|depicts|holds)(?= ))`), (
    m,
    text,
  ) => ({ kind: "place", place: place(m[1]), heading: true, text })],
  [at(`the ${SPOTS} ${SIDE}(?= an? )`), (m, text) => ({ kind: "place", place: place(m[1]), heading: true, text })],
  [at(`(?:on|at|in) the ${SPOTS} ${LEVEL}(?= |$)`), (m, text) => ({ kind: "place", place: { y: place(m[1]).y ?? 1 }, text })],
  [at(`the one (?:on|in|at) the ${SPOTS}(?: (?:is|in))?(?= |$)`), (m, text) => ({ kind: "one", place: place(m[1]), text })],
  [at(`the \\w+er one(?: (?:is|in))?(?= |$)`), one],
  [at(`(?:the )?${SPOTS} one(?: (?:is|in))?(?= |$)`), (m, text) => ({ kind: "one", place: place(m[1]), text })],
  [at(`(?:the )?(?:other|another|first|second|third|fourth|last)(?: one)?(?: (?:is|in))?(?= (?:[,.;]|with|in|is|of|wearing|holding|\\w+ing)|$)`), one],
  [at(`(?:on|at|in|to|towards?|near|from) (?:the |teh |its |one )?(?:very |far |extreme )?${SPOTS}(?: ${SIDE})?(?:${OF_PICTURE})?(?= |$)(?! of )`), (m, text) => ({
    kind: "place",
    place: place(m[1]),
    text,
  })],
  [at(`(?:on|at) (one|the other|the opposite) (?:side|end)(?= |$)`), (m, text) => ({
    kind: "place",
    place: { x: m[1] === "one" ? 0 : 2 },
    text,
  })],
  [at(`(?:on|at) (?:the )?top${END}|above${END}|overhead`), (_, text) => ({ kind: "place", place: { y: 0 }, text })],
  [at(`(?:below|underneath|beneath)${END}`), (_, text) => ({ kind: "place", place: { y: 2 }, text })],
  [at(`in the (north|south|west|east)(?= |$)`), (m, text) => ({ kind: "place", place: COMPASS[m[1]], text })],
  [at(`(?:far )?(left|right|(?:top|upper|bottom|lower)[- ](?:left|right))${END}`), (m, text) => ({
    kind: "place",
    place: place(m[1]),
    text,
  })],
  [at(`(?:is |are )?(?:much |far |twice |two times |three times )?(?:as )?(\\w+)(?<=bigger|larger|taller|huger|wider|higher|smaller|shorter|tinier|(?:as )(?:big|large|tall)) (?:than|as)`), (m, text) => ({
    kind: "relation",
    relation: /smaller|shorter|tinier/.test(m[1]) ? "smaller" : "larger",
    text,
  })],
  ...([
    ["(?:up )?(?:on top of|atop)", "above"],
    ["(?:high |directly |right |just )?(?:above|over)", "above"],
    ["(?:directly |right |just )?(?:below|beneath|underneath|under)", "below"],
    ["(?:right |directly )?(?:next to|beside|alongside|adjacent to|close to|near to|near|opposite|side by side with|by the side of)", "beside"],
    ["by(?= (?:an?|the|his|her|its) )", "beside"],
    ["(?:in )?between", "between"],
    ["(?:surrounded|flanked) by(?= (?:two|three|four|five|six|\\d) )", "between"],
    ["(?:partly |half )?hidden (?:by|behind)", "above"],
    ["in front of", "below"],
    ["(?:right |directly )?behind", "above"],
    ["(?:on|onto|upon)", "on"],
  ] as const).map(([source, kind]): (typeof PATTERNS)[number] => [
    at(`${source}(?= |$)(?: ${THEM})?`),
    relation(kind),
  ]),
  [at("(?:and|&|plus|as well as|along with|together with|while|whereas|where|then|but|or|nor)(?= |$)"), (_, text) => ({ kind: "and", text })],
];

const COMPASS: Record<string, Place> = { north: { y: 0 }, south: { y: 2 }, west: { x: 0 }, east: { x: 2 } };

/** Words to chunks. The texts of the chunks are as written. */
export function chunk(words: Word[]): Chunk[] {
  const starts: number[] = [];
  let line = "";
  for (const { low } of words) {
    starts.push(line.length);
    line += `${low} `;
  }
  line = line.slice(0, -1);
  const indexAt = new Map(starts.map((start, i) => [start, i]));
  const chunks: Chunk[] = [];
  for (let i = 0; i < words.length;) {
    const fresh = i === 0 || words[i - 1].part === "sign" || /^(?:and|while)$/.test(words[i - 1].low);
    const found = match(line, starts[i], fresh);
    if (found) {
      let end = indexAt.get(starts[i] + found[0][0].length + 1) ?? words.length;
      const made = found[1](found[0], textOf(words, i, end));
      // "by her feet": whose, and nobody one stands by
      if (made.kind === "relation" && made.pronoun === "her" && words[end - 1].part === "own") {
        delete made.pronoun;
        made.text = textOf(words, i, --end);
      }
      chunks.push(made);
      i = end;
    } else {
      const next = plainChunk(words, i);
      chunks.push(next.chunk);
      i = next.end;
    }
  }
  return chunks;
}

function match(line: string, start: number, fresh: boolean): [RegExpMatchArray, (typeof PATTERNS)[number][1]] | undefined {
  const near = line.slice(start, start + 120);
  for (const [pattern, make] of PATTERNS) {
    const found = near.match(pattern);
    if (!found || found[0] === "" || !/^(?: |$)/.test(near.slice(found[0].length))) continue;
    const chunk = make(found, "");
    if (chunk.kind === "place" && chunk.heading && !fresh) continue;
    if (chunk.kind === "place" && fresh && /^(?:far )?(?:left|right|top|upper|bottom|lower)/.test(found[0]) && !chunk.heading) continue;
    return [found, make];
  }
}

/** A chunk that is told by its parts of speech alone. */
function plainChunk(words: Word[], i: number): { chunk: Chunk; end: number } {
  const { low, part, lemma } = words[i];
  const single = (chunk: Chunk) => ({ chunk, end: i + 1 });
  const text = words[i].text;
  if (part === "sign") {
    if (low === ":") return single({ kind: "colon", text });
    return single({ kind: /[.!?;]/.test(low) ? "stop" : low === "," || low === "|" ? "comma" : "words", text });
  }
  if (part === "be") return single({ kind: "be", text: low });
  if (part === "pronoun") return single({ kind: "pronoun", text });
  if (low === "one" && !namesThing(words, i + 1)) {
    const joint = /^(?:is|in)$/.test(words[i + 1]?.low ?? "") ? 2 : 1;
    return { chunk: { kind: "one", text: textOf(words, i, i + joint) }, end: i + joint };
  }
  const end = thingEnd(words, i);
  if (end !== undefined) return { chunk: thing(words, i, end), end };
  if (part === "verb") {
    // "three people walk", "are walking": said of all
    return single({ kind: "verb", text: participle(words[i]), stem: lemma, plural: words[i - 1]?.low === "are", finite: low !== lemma && /[^s]s$/.test(low) });
  }
  if (part === "preposition") return single({ kind: "preposition", text });
  let last = i + 1;
  while (last < words.length && /^(?:adjective|adverb)$/.test(words[last].part) && thingEnd(words, last) === undefined) last++;
  return { chunk: { kind: "words", text: textOf(words, i, last) }, end: last };
}

/** "one black cat" counts; in "one black and one orange" one of several is meant. */
function namesThing(words: Word[], i: number): boolean {
  while (words[i]?.part === "adjective" || words[i]?.part === "adverb") i++;
  if (/ing$/.test(words[i]?.low ?? "") && words[i + 1]?.part !== "noun") return false;
  return words[i]?.part === "noun" && !(COLOURS.has(words[i].low) && words[i + 1]?.part !== "noun");
}

/** Where the noun phrase ends that begins at word i; undefined where none does. */
function thingEnd(words: Word[], i: number): number | undefined {
  let end = i;
  while (/^(?:determiner|number|own)$/.test(words[end]?.part ?? "")) end++;
  let noun: number | undefined;
  for (; end < words.length; end++) {
    const { part, low } = words[end];
    const next = words[end + 1];
    if (noun !== undefined && /^(?:left|right)$/.test(low) && (!next || next.part === "sign" || next.low === "and")) break;
    if (part === "noun" || low === "one" && words[end - 1]?.part === "adjective" && end > i) noun = end + 1;
    else if (part === "number" && /^\d/.test(low)) continue;
    else if (part === "own" && !/^(?:his|her|its|their)$/.test(low)) noun = undefined;
    else if (part === "adverb" && next?.part === "adjective") continue;
    else if (low === "," || low === "and") {
      // "a small, cheerful robot", "a black and white dog": more adjectives before the noun
      const joins = noun === undefined && words[end - 1]?.part === "adjective" && next?.part === "adjective" &&
        words[i].part === "determiner" && thingEnd(words, end + 1) !== undefined;
      if (!joins) break;
    } else if (part !== "adjective") break;
    else if (noun !== undefined && !describesNoun(words, end)) break;
  }
  if (noun === undefined) return undefined;
  if (words[noun]?.low === "of") noun = thingEnd(words, noun + 1) ?? noun;
  return noun;
}

/** "castle white": an adjective after a noun belongs to the phrase only where another noun follows. */
function describesNoun(words: Word[], i: number): boolean {
  while (words[i]?.part === "adjective") i++;
  return words[i]?.part === "noun";
}

function thing(words: Word[], start: number, end: number): Thing {
  let open = start;
  while (open < end && /^(?:determiner|number|own)$/.test(words[open].part) && !/'s?$/.test(words[open].low)) open++;
  const of = words.findIndex(({ low }, k) => low === "of" && k > open && k < end);
  const noun = (of < 0 ? end : of) - 1;
  let first = noun;
  while (first > open && words[first - 1].part === "noun") first--;
  const { low, lemma } = words[noun];
  const joined = low.match(/^(\d)(\p{L}{3,})$/u);
  const numbers = words.slice(start, open).map(({ low }) => NUMBERS.get(low) ?? (/^\d{1,3}$/.test(low) ? Number(low) : 0));
  const count = joined ? Number(joined[1]) : Math.max(1, ...numbers);
  const opening = words.slice(start, open);
  return {
    kind: "thing",
    text: textOf(words, start, end),
    opening: textOf(words, start, open),
    adjectives: textOf(words, open, first),
    noun: textOf(words, first, end),
    head: joined ? joined[2].replace(/(?<=[^s])s$/, "") : singular(low, lemma, count > 1),
    count,
    opens: opening.length === 0
      ? joined ? "a" : undefined
      : opening[0].part === "own"
      ? "own"
      : /^(?:the|this|that|these|those)$/.test(opening[0].low)
      ? "the"
      : "a",
    plural: lemma !== low && /(?:s|men|people|children|mice|geese)$/.test(low),
  };
}

function singular(low: string, lemma: string, several: boolean): string {
  if (low === "people") return "person";
  // Lemmas are American ("armor"), and verbs' where the tagger errs: only a plural's is taken.
  if (/s$|men$|people|children|mice|geese|feet|teeth/.test(low) && lemma !== low) return lemma;
  const last = low.split("-").at(-1)!;
  return several ? last.replace(/(?<=[^s])s$/, "") : last; // a plural that the tagger does not know
}

/** "holds" → "holding": a phrase that a text encoder can use. */
function participle({ text, low, lemma }: Word): string {
  if (!/s$/.test(low) || low === lemma) return text;
  if (/^(?:lie|die|tie)$/.test(lemma)) return lemma.replace("ie", "ying");
  const doubled = /^[^aeiou]*[aeiou][^aeiouwxy]$/.test(lemma) ? lemma + lemma.at(-1) : lemma;
  return doubled.replace(/(?<=[^eo])e$/, "") + "ing";
}

function textOf(words: Word[], start: number, end: number): string {
  return words.slice(start, end).map(({ text, spaced }, i) => (spaced && i > 0 ? " " : "") + text).join("");
}

function at(source: string, unless = ""): RegExp {
  return new RegExp(`^(?:${source})${unless.startsWith("(") ? unless : unless && `(?!${unless})`}`);
}

function relation(kind?: Relation): (match: RegExpMatchArray, text: string) => Chunk {
  return (match, text) => {
    const pronoun = kind ? match[1] : match[2];
    return { kind: "relation", relation: kind ?? match[1] as Relation, text, ...(pronoun ? { pronoun } : {}) };
  };
}

function half(match: RegExpMatchArray, text: string): Chunk {
  const other = /other|second/.test(match[1]);
  const spot = place(match[1]);
  const found = spot.x === undefined && spot.y === undefined ? { x: other ? 2 : 0 } : spot;
  return { kind: "place", place: found, heading: true, whole: match[2], text };
}

function one(_: RegExpMatchArray, text: string): Chunk {
  return { kind: "one", text };
}

function place(spot: string): Place {
  const found: Place = {};
  if (/left/.test(spot)) found.x = 0;
  if (/right/.test(spot)) found.x = 2;
  if (/top|upper/.test(spot)) found.y = 0;
  if (/bottom|lower|foreground/.test(spot)) found.y = 2;
  if (/middle|cent/.test(spot)) {
    found.x ??= 1;
    found.y ??= 1;
  }
  return found;
}
