/**
 * The rules planner's second pass: words become chunks, things on one hand and what relates or places them on the
 * other.
 *
 * @module
 */
import type { Chunk, Thing } from "./parts.ts";
import { matchPattern } from "./patterns.ts";
import type { Word } from "./tag.ts";
import { COLOURS, NUMBERS } from "./words.ts";

/** No pattern is longer. */
const LONGEST = 120;

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
    const found = matchPattern(line.slice(starts[i], starts[i] + LONGEST), fresh);
    if (found) {
      let end = indexAt.get(starts[i] + found.length + 1) ?? words.length;
      const { told } = found;
      // "by her feet": whose, and nobody one stands by
      if (told.kind === "relation" && told.pronoun === "her" && words[end - 1].part === "own") {
        delete told.pronoun;
        end--;
      }
      chunks.push({ ...told, text: textOf(words, i, end) } as Chunk);
      i = end;
    } else {
      const next = plainChunk(words, i);
      chunks.push(next.chunk);
      i = next.end;
    }
  }
  return chunks;
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
    return single({
      kind: "verb",
      text: participle(words[i], words[i - 1]?.part === "noun"),
      stem: lemma,
      plural: words[i - 1]?.low === "are",
      finite: low !== lemma && /[^s]s$/.test(low),
    });
  }
  if (part === "preposition") return single({ kind: "preposition", text });
  let last = i + 1;
  while (
    last < words.length && /^(?:adjective|adverb)$/.test(words[last].part) && thingEnd(words, last) === undefined
  ) last++;
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
    if (noun !== undefined && /^(?:left|right)$/.test(low) && (!next || next.part === "sign" || next.low === "and")) {
      break;
    }
    const endsClause = !next || next.part === "sign" || next.low === "and";
    if (noun !== undefined && endsClause && COLOURS.has(low) && words[i].low === "the") break; // "the upper row blue"
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
  const numbers = words.slice(start, open).map(({ low }) =>
    NUMBERS.get(low) ?? (/^\d{1,3}$/.test(low) ? Number(low) : 0)
  );
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
  };
}

/** A word that only its place in a list makes a thing. */
export function bareThing(text: string): Thing {
  return { kind: "thing", text, noun: text, head: text.toLowerCase(), opening: "", adjectives: "", count: 1 };
}

function singular(low: string, lemma: string, several: boolean): string {
  if (low === "people") return "person";
  // Lemmas are American ("armor"), and verbs' where the tagger errs: only a plural's is taken.
  if (/s$|men$|people|children|mice|geese|feet|teeth/.test(low) && lemma !== low) return lemma;
  const last = low.split("-").at(-1)!;
  return several ? last.replace(/(?<=[^s])s$/, "") : last; // a plural that the tagger does not know
}

/** "holds" → "holding": a phrase that a text encoder can use. */
function participle({ text, low, lemma }: Word, subject: boolean): string {
  if (/(?:ing|ed|en)$/.test(low) || (low === lemma ? !subject : !/s$/.test(low))) return text;
  if (/^(?:lie|die|tie)$/.test(lemma)) return lemma.replace("ie", "ying");
  const doubled = /^[^aeiou]*[aeiou][^aeiouwxy]$/.test(lemma) ? lemma + lemma.at(-1) : lemma;
  return doubled.replace(/(?<=[^eo])e$/, "") + "ing";
}

function textOf(words: Word[], start: number, end: number): string {
  return words.slice(start, end).map(({ text, spaced }, i) => (spaced && i > 0 ? " " : "") + text).join("");
}
