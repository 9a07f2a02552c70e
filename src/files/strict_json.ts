/**
 * JSON with the checks that JSON.parse leaves out: a key twice in one object, and a depth that recursion would not
 * survive.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { COUNT_OF } from "../limits.ts";

/**
 * The value of a JSON text. Python's bare Infinity is read, too: every DPM-Solver config holds one.
 * @throws SyntaxError that says what is wrong, on one line
 */
export function parseStrictJson(text: string): unknown {
  const infinities = check(text);
  try {
    return JSON.parse(infinities.length ? withLargeNumbers(text, infinities) : text);
  } catch (error) {
    throw new SyntaxError(briefText((error as Error).message.replace(/ is not valid JSON$/, ""), 120));
  }
}

/**
 * Walks over the text once. On text that is no JSON it may miss everything: JSON.parse will not.
 * @returns where the word Infinity stands outside of strings
 * @throws SyntaxError
 */
function check(text: string): number[] {
  const infinities: number[] = [];
  const open: (Set<string> | undefined)[] = []; // the keys so far of each object around this place; lists have none
  for (let at = 0, values = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        open.push(text[at] === "{" ? new Set() : undefined);
        if (open.length > COUNT_OF.depth) throw new SyntaxError(`more than ${COUNT_OF.depth} levels deep`);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (++values > COUNT_OF.values) throw new SyntaxError(`more than ${COUNT_OF.values} values`);
        break;
      case "I":
        if (text.startsWith("Infinity", at)) infinities.push(at);
        break;
      case '"': {
        const end = endOfString(text, at);
        const keys = open[open.length - 1];
        if (keys && followedByColon(text, end)) {
          const key = text.slice(at, end);
          const name = key.includes("\\") ? unescaped(key) : key;
          if (keys.has(name)) throw new SyntaxError(`the key ${brief(name.slice(1, -1))} is there twice`);
          keys.add(name);
        }
        at = end - 1;
      }
    }
  }
  return infinities;
}

/** One after the closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function followedByColon(text: string, at: number): boolean {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}

/** Two spellings of one key are one key. */
function unescaped(key: string): string {
  try {
    return `"${JSON.parse(key)}"`;
  } catch {
    return key;
  }
}

/** A number too large for JSON to say reads as the infinity that it has no word for. */
function withLargeNumbers(text: string, infinities: number[]): string {
  let end = 0;
  let out = "";
  for (const at of infinities) {
    out += `${text.slice(end, at)}1e999`;
    end = at + "Infinity".length;
  }
  return out + text.slice(end);
}
