/**
 * The rules planner's first pass: words with their parts of speech. The tagger is wink-nlp's, a statistical one; what
 * it cannot know of prompts (they are made of noun phrases more than of sentences) is put right here.
 *
 * @module
 */
import { nlp } from "./english.ts";
import { NOUNS_IN_ING, SCENERY } from "./words.ts";

/** What a word does in its phrase; "own" is a possessive: "wizard's". */
export type Part =
  | "determiner"
  | "number"
  | "own"
  | "adjective"
  | "noun"
  | "verb"
  | "be"
  | "preposition"
  | "pronoun"
  | "adverb"
  | "sign"
  | "other";

/** A word or sign of the prompt. */
export interface Word {
  /** As written, with its brackets and weight of emphasis. */
  text: string;
  /** Whether white space stands before it. */
  spaced: boolean;
  /** In lower case and bare. */
  low: string;
  /** The form in a dictionary. */
  lemma: string;
  part: Part;
}

/**
 * A word with its brackets and weight; a change such as [cat:dog:0.5] or [cat|dog] is one word, and so are a LoRA's tag
 * and a wildcard, __animal__, that no folder of lines was given for.
 */
const WORD =
  /\[[^\][\n]{1,80}?[:|][^\][\n]{0,80}?\]|<[\w:. -]{3,80}>|__[\p{L}\p{N}][\p{L}\p{N}_*/.-]{0,80}?__|[([{]{0,4}[\p{L}\p{N}]+(?:['’./-][\p{L}\p{N}]+)*(?::\d(?:\.\d+)?)?%?[)\]}]{0,4}|[^\s]/gu;
const PARTS: Record<string, Part> = {
  DET: "determiner",
  NUM: "number",
  ADJ: "adjective",
  NOUN: "noun",
  PROPN: "noun",
  VERB: "verb",
  AUX: "be",
  ADP: "preposition",
  SCONJ: "preposition",
  PRON: "pronoun",
  ADV: "adverb",
  CCONJ: "other",
  PART: "other",
  PUNCT: "sign",
};
const TYPOS: Record<string, string> = { teh: "the", rigth: "right", rihgt: "right", lfet: "left", letf: "left" };
const OWNERS = /^(?:his|her|its|their|my|your|our)$/;

/** The words of a text, tagged. Takes time in proportion to the text. */
export function tag(text: string): Word[] {
  const words = [...text.matchAll(WORD)].map((match): Word => {
    const first = /^\[.*[:|]/.test(match[0]) ? match[0].split(/[:|]/)[0].split(" ").at(-1)! : match[0];
    let low = first.toLowerCase().replace(/’/g, "'").replace(/(?<=.):[\d.]+/, "").replace(/^[([{]+|[)\]}]+$/g, "")
      .replace(/^__(.*)__$/, "$1");
    if (TYPOS[low]) low = TYPOS[low];
    return {
      text: match[0],
      spaced: /\s/.test(text[match.index - 1] ?? ""),
      low: low || match[0],
      lemma: low,
      part: "other",
    };
  });
  readTags(words);
  words.forEach((_, i) => correct(words, i));
  return words;
}

/** Hand the words to the tagger in a form that it takes as one token each, or nearly so. */
function readTags(words: Word[]): void {
  const given = words.map(({ low }) => {
    if (!/[\p{L}\p{N}]/u.test(low)) return /[.!?;\n]/.test(low) ? "." : ",";
    return low.replace(/'s$|s'$/, "").split(/['./-]/).at(-1)!.replace(/^\d+(?=\p{L}{3})/u, "").slice(0, 24);
  });
  const tokens = nlp.readDoc(given.join(" ")).tokens();
  const texts = tokens.out();
  const tags = tokens.out(nlp.its.pos);
  const lemmas = tokens.out(nlp.its.lemma as typeof nlp.its.pos);
  for (let i = 0, t = 0; i < words.length && t < texts.length; i++) {
    for (let length = texts[t].length; length < given[i].length && t + 1 < texts.length;) length += texts[++t].length;
    const word = words[i];
    word.part = /[\p{L}\p{N}]/u.test(word.low) ? PARTS[tags[t]] ?? "noun" : "sign";
    // The lemma of British spellings comes back American: only endings are of interest.
    if (word.part !== "sign") word.lemma = /^[a-z]/.test(lemmas[t] ?? "") ? lemmas[t] : given[i];
    t++;
  }
}

function correct(words: Word[], i: number): void {
  const word = words[i];
  const [before, after] = [words[i - 1], words[i + 1]];
  const is = (other: Word | undefined, ...parts: Part[]) => other !== undefined && parts.includes(other.part);
  if (OWNERS.test(word.low)) word.part = is(after, "noun", "adjective", "number", "verb") ? "own" : "pronoun";
  if (/^(?:both|all|another|each|every|several|many|some|few|no|any)$/.test(word.low)) word.part = "determiner";
  if (/\p{L}'s$|s'$/u.test(word.low) && is(word, "noun", "adjective", "verb", "other")) word.part = "own";
  if (/^\d+\p{L}{2,}/u.test(word.low)) word.part = "noun";
  if (word.part === "verb" && is(before, "be") && SCENERY.has(word.low)) word.part = "noun"; // "the left is desert"
  if (/^(?:living|dining|swimming|sewing|washing)$/.test(word.low) && is(after, "noun")) word.part = "adjective";
  if (word.low === "light" && !is(after, "noun", "adjective")) word.part = "noun";
  if (/^(?:left|right|middle)$/.test(word.low) && is(after, "noun") && !is(before, "preposition")) {
    word.part = "adjective";
  }
  if (/^(?:row|shelf|seat|line)$/.test(word.low) && /^(?:front|back)$/.test(before?.low ?? "")) {
    [before.part, word.part] = ["adjective", "noun"];
  }
  if (word.low === "half" && is(after, "adjective")) word.part = "adverb";
  const opened = is(before, "determiner", "own", "adjective", "number") &&
    !(before.low === "both" && is(after, "determiner")); // "behind both hangs a pan"
  const ing = /ing$/.test(word.low) && !NOUNS_IN_ING.test(word.low);
  if (ing && /^(?:both|all|each)$/.test(before?.low ?? "")) word.part = "verb";
  if (word.part === "verb") {
    const describes = /(?:ing|ed|en)$/.test(word.low) && is(after, "noun", "adjective") &&
      !/^(?:with|of)$/.test(after.low);
    if (ing && /^(?:both|all|each)$/.test(before?.low ?? "")) return;
    if (describes && (opened || is(before, "preposition"))) word.part = "adjective";
    else if (opened && !ing && !/ed$/.test(word.low)) word.part = "noun";
    else if (before?.low === "of" && !ing) word.part = "noun";
    else if (/[^s]s$/.test(word.low) && is(before, "verb") && /ing$/.test(before!.low)) word.part = "noun";
    else if (is(before, "preposition") && /[^s]s$/.test(word.low) && !/^(?:that|while|as|wh\w+)$/.test(before!.low)) {
      word.part = "noun"; // "into bowls"
    } else if (word.low === word.lemma && is(before, "noun") && bareClause(words, i)) word.part = "noun"; // "fantasy map,"
    else if (/^(?:ruins|stairs|waves|leaves)$/.test(word.low)) word.part = "noun";
    // "a copper pan": one thing takes no verb without an s.
    else if (is(before, "noun") && word.low === word.lemma && /^(?:an?|each)$/.test(determiner(words, i))) {
      word.part = "noun";
    }
  } else if (
    word.part === "adjective" && /^(?:an?|the)$/.test(determiner(words, i)) &&
    (after === undefined || is(after, "preposition", "sign")) && after?.low !== "to" && after?.low !== "than" &&
    words[i + 2]?.part !== "adjective"
  ) {
    word.part = "noun"; // "a blue cherry"
  } else if (word.part === "noun" || word.part === "adjective") {
    const phrase = is(before, "noun") && !is(after, "noun");
    const several = is(before, "noun") && before!.lemma !== before!.low || words[i - 2]?.part === "number";
    const done = is(after, "determiner", "own") || (is(after, "verb", "noun") && /[^s]s$/.test(after!.low));
    if (ing && is(before, "noun") && (done || several)) word.part = "verb"; // "a robot watering plants"
    else if (/[^s]s$/.test(word.low) && (before === undefined || is(before, "sign")) && is(after, "determiner")) {
      word.part = "verb"; // ", repairs a watch"
    } else if (ing && (before === undefined || is(before, "sign")) && is(after, "preposition", "determiner")) {
      word.part = "verb";
    } else if (/ed$/.test(word.low) && is(before, "noun") && is(after, "preposition")) word.part = "verb";
    // "a boy watches": one thing is no plural.
    else if (
      phrase && /[^s]s$/.test(word.low) && word.lemma !== word.low && /^(?:an?|each)$/.test(determiner(words, i))
    ) {
      word.part = "verb";
    }
  }
}

/** Whether word i and the one before are all of their clause. */
function bareClause(words: Word[], i: number): boolean {
  return [words[i - 2], words[i + 1]].every((word) => word === undefined || word.part === "sign");
}

/** The determiner that opens the noun phrase of word i, as far as it goes back without a break; "" if none. */
function determiner(words: Word[], i: number): string {
  for (let k = i - 1; k >= Math.max(0, i - 6); k--) {
    if (words[k].part === "determiner") return words[k].low;
    const joins = words[k].low === "," && words[k - 1]?.part === "adjective" && words[k + 1].part === "adjective";
    if (!joins && !["noun", "adjective", "own"].includes(words[k].part)) return "";
  }
  return "";
}
