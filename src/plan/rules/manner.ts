/**
 * What a prompt says about the picture itself, apart from what it shows, and the clauses of the rest.
 *
 * @module
 */
import { MEDIUM } from "./words.ts";

/** A prompt with its manner taken off. `order`: the prompt asks for one row or one column. */
export interface Manner {
  text: string;
  style: string[];
  order?: "row" | "column";
}

const PAIR_OF =
  /\ba (?:couple|pair) of (?!(?:\w+ )?(?:shoes|glasses|boots|socks|gloves|jeans|trousers|eyes|wings)\b)/gi;
const GROUP_OF = /\ba group of (?=two|three|four|five|six|seven|eight|\d)/gi;
const ROW =
  /[,;]?\s*\b(?:arranged |standing |sitting |lined up |all )*(?:(?:from )?left to right|in a (?:row|line)|side by side(?! with)),?:?/i;
const COLUMN =
  /[,;]?\s*\b(?:arranged |stacked )*(?:from top to bottom|stacked vertically|in a column|one above the other),?:?/i;
const LATE_STYLE =
  /,?\s+(in the style of [^,;.]+|in (?:an? )?[\w-]+(?: [\w-]+)? style\b|(?:painted |drawn |art )?by [A-Z]\w+(?: [A-Z]\w+)*)/g;

/** Take off what is said about the picture: its kind ("an oil painting of"), its style, the order of its parts. */
export function readManner(prompt: string): Manner {
  const style: string[] = [];
  let order: Manner["order"];
  const text = prompt.replace(/\s+/g, " ").trim()
    .replace(PAIR_OF, "two ")
    .replace(/\ba dozen (?:of )?/gi, "twelve ")
    .replace(GROUP_OF, "")
    .replace(/\bthe (left|right|middle|top|bottom)(?:most|-most)? one\b/gi, "the one on the $1")
    .replace(MEDIUM, (_, kind: string) => {
      if (!/^(?:picture|image|scene|shot)$/i.test(kind)) style.push(kind);
      return "";
    })
    .replace(ROW, () => {
      order = "row";
      return ",";
    })
    .replace(COLUMN, () => {
      order = "column";
      return ",";
    })
    .replace(LATE_STYLE, (_, words: string) => {
      style.push(words);
      return "";
    });
  return { text, style, order };
}

/** Split at commas, semicolons and the ends of sentences, but not inside brackets or numbers. */
export function splitClauses(text: string): string[] {
  const clauses: string[] = [""];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([".includes(text[i])) depth++;
    if (")]".includes(text[i])) depth--;
    const ends = /[,;]/.test(text[i]) || (/[.!?]/.test(text[i]) && /^(?:\s|$)/.test(text.slice(i + 1)));
    if (ends && depth <= 0) clauses.push("");
    else clauses[clauses.length - 1] += text[i];
  }
  return clauses
    .map((clause) => clause.trim().replace(/^(?:(?:and|then|while|plus)\s+)+/i, ""))
    .map((clause) => clause.replace(/^(?:there (?:is|are)|we (?:can )?see|i see|it shows|showing)\s+/i, ""))
    .filter((clause) => clause !== "");
}
