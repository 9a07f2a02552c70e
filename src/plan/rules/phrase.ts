/**
 * Noun phrases as the rules planner sees them: how many, of what, and how one of several is called.
 *
 * @module
 */
import {
  ADJECTIVES,
  among,
  article,
  COLOURS,
  DETERMINERS,
  LIVING,
  NUMBERS,
  PAIRS,
  SCENERY,
  singular,
} from "./words.ts";
import { THINGS } from "./words.ts";

const STOP =
  /^(?:with|in|of|wearing|holding|carrying|riding|on|at|from|made|that|which|who|is|are|was|has|for|to|and|by|inside|around|full|covered|surrounded|reflected|into|through|across|along|against|sits|stands|lies)$/i;

/** The words of a phrase up to its noun: `start` is where they begin, after the determiner; `end` follows the noun. */
function nounSpan(words: string[]): { start: number; end: number } {
  let start = 0;
  while (start < words.length - 1 && isDeterminer(words[start])) start++;
  let end = start;
  while (end < words.length) {
    const word = words[end].toLowerCase();
    if (end > start && STOP.test(word)) break;
    if (end > start && /ing$/.test(word) && !words.slice(start, end).every(describes)) break;
    end++;
    if (/,$/.test(word) && !describes(word.slice(0, -1))) break;
  }
  return { start, end };
}

function isDeterminer(word: string): boolean {
  return DETERMINERS.has(word.toLowerCase()) || /^\d+$/.test(word);
}

function describes(word: string): boolean {
  const plain = word.toLowerCase();
  return COLOURS.has(plain) || ADJECTIVES.has(plain);
}

/** The noun a phrase is about, in the singular and lower case: "two black cats with hats" is about a cat. */
export function headOf(phrase: string): string {
  const words = bare(phrase).split(" ");
  const { start, end } = nounSpan(words);
  const noun = (words.slice(start, end).at(-1) ?? "").replace(/[^\p{L}\p{N}-]/gu, "").toLowerCase();
  return PAIRS.has(noun) && countOf(phrase) === 1 ? noun : singular(noun);
}

/** How many a phrase speaks of: 1 without a number. */
export function countOf(phrase: string): number {
  const words = bare(phrase).split(" ");
  const first = words[0].toLowerCase() === "the" && words.length > 1 ? words[1] : words[0];
  return /^\d+$/.test(first) && words.length > 1 ? Number(first) : NUMBERS.get(first.toLowerCase()) ?? 1;
}

/** Whether a phrase opens with an article, a number or the like. */
export function hasDeterminer(phrase: string): boolean {
  return isDeterminer(bare(phrase).split(" ")[0]);
}

/** Whether a phrase names something that can have a region of its own. */
export function namesObject(phrase: string): boolean {
  const head = headOf(phrase);
  return hasDeterminer(phrase) || among(LIVING, head) || among(THINGS, head);
}

/** Whether a phrase names the setting: "a forest", "snow outside", "a starry night". */
export function namesScenery(phrase: string): boolean {
  return among(SCENERY, headOf(phrase)) || /\b(?:outside|outdoors|indoors|everywhere|all around)$/i.test(phrase);
}

/** Whether every word describes: "black and fluffy". */
export function onlyDescribes(phrase: string): boolean {
  return bare(phrase).split(" ").every((word) =>
    /^(?:and|very|both)$/i.test(word) || describes(word.replace(/,$/, ""))
  );
}

/** One of several: "two women in red dresses" is "a woman in a red dress" each. */
export function oneOf(phrase: string): string {
  const words = phrase.split(" ");
  const { start, end } = nounSpan(words);
  const noun = words.slice(start, end);
  noun[noun.length - 1] = singular(noun[noun.length - 1]);
  const rest = words.slice(end).join(" ").replace(
    /\b(with|in|wearing|holding|carrying|riding) ((?:[\w-]+ )*?)([\w-]+s)\b(?! \w)/g,
    (all, verb: string, before: string, plural: string) =>
      PAIRS.has(plural.toLowerCase()) || singular(plural) === plural || hasDeterminer(before || "x")
        ? all
        : `${verb} ${article(before || plural)} ${before}${singular(plural)}`,
  );
  return [article(noun[0]), ...noun, rest].filter(Boolean).join(" ");
}

/** Drop brackets and weights of emphasis: "(red apple:1.3)" is about an apple too. */
function bare(phrase: string): string {
  return phrase.replace(/:[\d.]+(?=[)\]])/g, "").replace(/[()[\]]/g, "").trim();
}
