/**
 * What relates and places things, as patterns on the words in lower case with one space between them.
 *
 * @module
 */
import type { Chunk, Place, Relation } from "./parts.ts";

/** What a pattern tells of its chunk; the text is added from the prompt. */
type Told = Chunk extends infer C ? C extends Chunk ? Omit<C, "text"> : never : never;

const OF_PICTURE =
  " of (?:the |this )?(?:picture|image|frame|scene|photo(?:graph)?|canvas|painting|drawing|composition|view|screen|poster)";
const SIDE =
  "(?:hand )?(?:side|half|corner|part|edge|third|area|portion|quarter|foreground|panel|section|frame|column)";
const LEVEL = "(?:shelf|row|rack|step|drawer|layer|level|floor|line)";
const SPOT = "(?:top|upper|bottom|lower|left|right|middle|cent(?:er|re)|central|foreground)";
const SPOTS = `(${SPOT}(?:-hand)?(?:[ -](?:left|right|cent(?:er|re)|middle|foreground)(?:-hand)?)?)(?:most|-most)?`;
/** A word ends here; a clause does. */
const W = "(?= |$)";
const END = "(?= [,.;:!?]| and | while |$)";
const THEM =
  "(it|him|her|them|both(?: of them)?(?= [,.;]| \\w+s (?:an?|the) |$)|each other|these|those|the two|the others?|" +
  "all of them|everything)(?= |$)(?! (?:cat|dog|man|woman)s?\\b)";
const THE = "(?:the |in the |on the |at the )?";
const IS = `(?: (?:is|in))?${W}`;
const LARGER = "(\\w+)(?<=bigger|larger|taller|huger|wider|higher|smaller|shorter|tinier|(?:as )(?:big|large|tall))";

const spot = (m: RegExpMatchArray): Told => ({ kind: "place", place: placeOf(m[1]) });
const heading = (m: RegExpMatchArray): Told => ({ kind: "place", place: placeOf(m[1]), heading: true });
const one = (m: RegExpMatchArray): Told => ({ kind: "one", ...(m[1] ? { place: placeOf(m[1]) } : {}) });
const at = (place: Place) => (): Told => ({ kind: "place", place });
const toward = (relation: Relation) => (m: RegExpMatchArray): Told => ({
  kind: "relation",
  relation,
  ...(m[1] ? { pronoun: m[1] } : {}),
});

const RELATIONS: [string, Relation][] = [
  ["(?:up )?(?:on top of|atop)", "above"],
  ["(?:high |directly |right |just )?(?:above|over)", "above"],
  ["(?:directly |right |just )?(?:below|beneath|underneath|under)", "below"],
  [
    "(?:right |directly )?(?:next to|beside|alongside|adjacent to|close to|near to|near|opposite|by the side of)",
    "beside",
  ],
  ["side by side with|by(?= (?:an?|the|his|her|its) )", "beside"],
  ["(?:in )?between|(?:surrounded|flanked) by(?= (?:two|three|four|five|six|\\d) )", "between"],
  ["in front of", "below"],
  ["(?:right |directly )?behind|(?:partly |half )?hidden (?:by|behind)", "above"],
  ["on|onto|upon", "on"],
];

const SOURCES: [string, (match: RegExpMatchArray) => Told][] = [
  ["(?:seen |viewed |shot )?from (?:above|below|behind|afar)", () => ({ kind: "words" })],
  [
    `(?:on|to|at) (?:its|his|her|their) (?:immediate )?(left|right)(?:-hand)?(?: side)?(?! (?:hand|arm|leg|eye))`,
    (m) => ({
      kind: "relation",
      relation: m[1] as Relation,
      pronoun: "it",
    }),
  ],
  [
    `(?:on |to |at |in )?(?:the )?(?:immediate |far )?(left|right)(?:-hand)?(?: side)?(?!${OF_PICTURE}) of(?: ${THEM})?`,
    (m) => ({ kind: "relation", relation: m[1] as Relation, ...(m[2] ? { pronoun: m[2] } : {}) }),
  ],
  [
    `(?:in|at|into) (?:the )?(?:far |distant )?(?:background|distance|back)(?:${OF_PICTURE})?`,
    () => ({ kind: "background" }),
  ],
  [`in the (?:middle|cent(?:er|re)|corner|shade)(?!${OF_PICTURE}) of`, () => ({ kind: "preposition" })],
  // "half of the picture is …, the other half …"; "left half of his face is …"
  [
    `(?:on |in )?(?:the )?((?:${SPOT} |one |other |first |second )?half)` +
    `(?:(?: of)? (?:(?:the |this )?(?:picture|image|screen|canvas)|(?:his|her|its|the) (\\w+)))?${W}(?! of)`,
    (m) => ({ kind: "place", place: halfOf(m[1]), heading: true, whole: m[2] }),
  ],
  [`${THE}${SPOTS}(?: ${SIDE})?(?:${OF_PICTURE})?(?: :| (?:shows|is|has|contains|depicts|holds)(?= ))`, heading],
  [`the ${SPOTS} ${SIDE}(?= an? )`, heading],
  [`(?:on|at|in) the ${SPOTS} ${LEVEL}`, (m) => ({ kind: "place", place: { y: placeOf(m[1]).y ?? 1 } })],
  [`the one (?:on|in|at) the ${SPOTS}${IS}`, one],
  [`the (?:\\w+er|oldest|youngest|tallest) one${IS}`, one],
  [`(?:the )?${SPOTS} one${IS}`, one],
  [`the (front|back) one${IS}`, one],
  [
    `(?:the )?(?:other|another|first|second|third|fourth|last)(?: one)?${IS}` +
    "(?= (?:[,.;]|with|in|is|of|\\w+ing|\\w+(?: [,.;]|$))|$)",
    () => ({ kind: "one" }),
  ],
  [
    `(?:on|at|in|to|towards?|near|from) (?:the |its |one )?(?:very |far |extreme )?${SPOTS}(?: ${SIDE})?(?:${OF_PICTURE})?${W}(?! of )`,
    spot,
  ],
  ["(?:on|at) one (?:side|end)", at({ x: 0 })],
  ["(?:on|at) the (?:other|opposite) (?:side|end)", at({ x: 2 })],
  [`(?:on|at) (?:the )?top${END}|above${END}|overhead|in the north`, at({ y: 0 })],
  [`(?:below|underneath|beneath)${END}|in the south`, at({ y: 2 })],
  ["in the west", at({ x: 0 })],
  ["in the east", at({ x: 2 })],
  [`(?:far )?(left|right|(?:top|upper|bottom|lower)[- ](?:left|right))${END}`, spot],
  [`(?:is |are )?(?:much |far |twice |two times |three times )?(?:as )?${LARGER} (?:than|as)`, (m) => ({
    kind: "relation",
    relation: /smaller|shorter|tinier/.test(m[1]) ? "smaller" : "larger",
  })],
  ...RELATIONS.map(([source, kind]): (typeof SOURCES)[number] => [`(?:${source})${W}(?: ${THEM})?`, toward(kind)]),
  ["and|&|plus|as well as|along with|together with|while|whereas|where|then|but|or|nor", () => ({ kind: "and" })],
];
const PATTERNS = SOURCES.map(([source, tell]) => ({ pattern: new RegExp(`^(?:${source})${W}`), tell }));

/**
 * The chunk that a line begins with and its length, if a pattern tells it.
 *
 * @param fresh whether a clause begins here
 */
export function matchPattern(line: string, fresh: boolean): { told: Told; length: number } | undefined {
  for (const { pattern, tell } of PATTERNS) {
    const match = line.match(pattern);
    if (!match) continue;
    const told = tell(match);
    const bare = told.kind === "place" && !told.heading &&
      /^(?:far )?(?:left|right|top|upper|bottom|lower)/.test(match[0]);
    if (fresh ? bare : told.kind === "place" && told.heading) continue;
    return { told, length: match[0].length };
  }
}

function halfOf(words: string): Place {
  const place = placeOf(words);
  return Object.keys(place).length ? place : { x: /other|second/.test(words) ? 2 : 0 };
}

/** "top left" → the place. */
export function placeOf(spot: string): Place {
  const found: Place = {};
  if (/left/.test(spot)) found.x = 0;
  if (/right/.test(spot)) found.x = 2;
  if (/top|upper/.test(spot)) found.y = 0;
  if (/bottom|lower|foreground|^front/.test(spot)) found.y = 2;
  if (/^back/.test(spot)) found.y = 0;
  if (/middle|cent/.test(spot)) {
    found.x ??= 1;
    found.y ??= 1;
  }
  return found;
}
