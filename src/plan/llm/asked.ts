import { isPerson, nounOf, thingOf, wordsOf } from "./things.ts";

/** A thing that a prompt clearly asks for. */
export interface Asked {
  /** Its noun in the singular: "cat". */
  noun: string;
  /** As the prompt has it: "three black cats". */
  text: string;
  /** How many; 1 where the prompt gives no number. */
  count: number;
  /** Whether it stands with an article or the like, and not as a bare tag. */
  determined: boolean;
  /** What it is of: a wedge of cheese may as well be called cheese. */
  of: string[];
}

const set = (list: string) => new Set(list.trim().split(/\s+/));
const NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split(" ");
const DETERMINERS = set(
  `a an the ${NUMBERS.join(" ")} some several many few another each every both his her its their my
  your our this that these those`,
);
/**
 * What follows these belongs to something else, stands around it, or is not there: a scarf worn, a table stood on,
 * "like a lion".
 */
const NOT_AFTER = set(
  `in at on onto upon inside into within under over against through across amid among from with wearing
  holding carrying riding driving playing using made like as for during without no not resembling than via per by about near
  around towards toward along is are be being was were becomes says called named titled`,
);
const OF_WHAT = set(
  `photo photograph picture image painting portrait drawing sketch illustration render rendering shot view
  scene poster watercolor watercolour close-up closeup bunch row stack pair group pile herd flock pack swarm school bouquet
  couple team family crowd number lots dozens hundreds front top left right side basket`,
);
const TO_WHAT = set("next close adjacent opposite");
/** Nouns that end as verbs and adverbs do. */
const OTHER_NOUN =
  /^(?:paintings?|drawings?|buildings?|lighting|settings?|weddings?|ceilings?|stations?|styles?|boards?)$/;
const JOINTS = set("and or & plus while then also");
/** A noun phrase ends before these. */
const STOPS = set(
  `of to that which who whose is are was were be has have had and or but while where when then there it they
  he she them him beside besides between behind below above beneath underneath next`,
);

/**
 * The things that a prompt clearly asks for: subjects, by an article, a number or a comma before them. Settings,
 * clothes, light, moods and styles are none, nor is what somebody holds or stands on; where a phrase may be read
 * otherwise it is left out, since asking a good planner for what it has already planned does harm.
 */
export function thingsAsked(prompt: string): Asked[] {
  const tokens = tokensOf(prompt);
  const found: Asked[] = [];
  for (let i = 0; i < tokens.length && found.length < MOST; i++) {
    const start = phraseStart(tokens, i);
    if (start === undefined) continue;
    const phrase = headOf(tokens, start);
    if (!phrase) continue;
    const { noun, end } = phrase;
    const count = countOf(tokens.slice(i, start));
    // "Two people …, the man …, the woman …" are two.
    const spokenOf = tokens[i] === "the" && isPerson(noun) && found.some((thing) => isPerson(thing.noun));
    // "People" at large are scenery, and skating does for them.
    if (noun === "people" && count === 1) continue;
    const known = found.find((thing) => thing.noun === noun);
    const of = tokens[end] === "of" ? contents(tokens, end + 1) : [];
    if (known) known.count = Math.max(known.count, count);
    else if (!spokenOf) found.push({ noun, text: textOf(tokens.slice(i, end)), count, determined: start > i, of });
    i = end - 1;
  }
  return found;
}

/** Warnings for what the prompt has more often than all regions together, where each region that has it shows one. */
export function shortCounts(prompt: string, texts: string[]): string[] {
  return thingsAsked(prompt).flatMap(({ noun, text, count }) => {
    const holders = texts.filter((text) => wordsOf(text).some((word) => nounOf(word) === noun));
    const several = holders.some((text) =>
      wordsOf(text).some((word) =>
        NUMBERS.indexOf(word) > 0 || /^[\d]+$|^(?:several|many|pairs?|group)$/.test(word) ||
        nounOf(word) === noun && word !== noun
      )
    );
    if (holders.length === 0 || holders.length >= count || several) return [];
    return [
      `Warning: the prompt has ${text}, but only ${
        holders.length === 1 ? "1 region shows" : `${holders.length} regions show`
      } one.`,
    ];
  });
}

/** A text of more things than a picture can show is no prompt. */
const MOST = 40;

/** Words in lower case and signs, without quoted words and the weights of emphasis. */
function tokensOf(prompt: string): string[] {
  const plain = prompt.toLowerCase().replace(/["“][^"”]*["”]/g, " , ").replace(/:\s*[\d.]+(?=\s*\))/g, "")
    .replace(/[()[\]{}]/g, " ").replace(/’/g, "'").replace(/\b(\d)(?=[a-z]{3})/g, "$1 ");
  return plain.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*|[^\s\p{L}\p{N}]/gu) ?? [];
}

/**
 * Where the words of a noun phrase begin that opens at token i; undefined where none opens there, or one that does not
 * count.
 */
function phraseStart(tokens: string[], i: number): number | undefined {
  const before = tokens[i - 1] ?? ",";
  const afterOf = before === "of" && OF_WHAT.has(tokens[i - 2]?.replace(/s$/, ""));
  if (NOT_AFTER.has(before) || (before === "of" && !afterOf) || (before === "to" && !TO_WHAT.has(tokens[i - 2]))) {
    return;
  }
  let start = i;
  while (isDeterminer(tokens[start] ?? "")) start++;
  const bare = start === i;
  if (bare && !(afterOf || JOINTS.has(before) || !/\p{L}|\p{N}/u.test(before))) return;
  return start;
}

/** The thing that a phrase is about, the last of the nouns in a row: a crystal ball is a ball. */
function headOf(tokens: string[], start: number): { noun: string; end: number } | undefined {
  const single = /^(?:an?|the|another|each|every|one|his|her|its|their)$/.test(tokens[start - 1] ?? "");
  let head: { noun: string; end: number } | undefined;
  for (let i = start; i < Math.min(tokens.length, start + 7); i++) {
    const word = tokens[i];
    if (!/^\p{L}/u.test(word) || STOPS.has(word) || NOT_AFTER.has(word) || isDeterminer(word)) break;
    if (/'s?$/.test(word)) {
      head = undefined; // a wizard's desk is no wizard
      continue;
    }
    const noun = thingOf(word);
    if (noun !== undefined && !(head && single && word !== noun)) head = { noun, end: i + 1 }; // "the owl watches"
    else if (head) {
      const isOver = (single ? /(?:s|ed|ing|ly)$/ : /(?:ed|ing|ly)$/).test(word) && !OTHER_NOUN.test(word);
      return isOver ? head : undefined; // a rose garden is no rose
    }
  }
  return head;
}

/** The words after "of", up to the end of the phrase. */
function contents(tokens: string[], start: number): string[] {
  const end = tokens.findIndex((word, i) =>
    i >= start && (!/^\p{L}/u.test(word) || STOPS.has(word) || JOINTS.has(word))
  );
  return tokens.slice(start, end < 0 ? start + 3 : Math.min(end, start + 3)).filter((word) => !isDeterminer(word));
}

/** "The man", one of several that were named before, is "a man" in a prompt that does not name the others. */
function textOf(words: string[]): string {
  return words[0] === "the" ? ["a", ...words.slice(1)].join(" ") : words.join(" ");
}

function isDeterminer(word: string): boolean {
  return DETERMINERS.has(word) || /^\d+$/.test(word);
}

function countOf(determiners: string[]): number {
  return Math.max(1, ...determiners.map((word) => /^\d+$/.test(word) ? Number(word) : NUMBERS.indexOf(word) + 1));
}
