/**
 * CLIP's tokenizer, as transformers 5 (CLIPTokenizer) has it: NFC, white space to single spaces, lower case, words by
 * one pattern, byte-level BPE.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { wordSplitter } from "./bpe.ts";

/** A CLIP tokenizer with one model's vocabulary and special tokens. */
export interface Tokenizer {
  /** Token ids of a text, without the begin and end tokens and of any length. */
  encode(text: string): number[];
  readonly bos: number;
  readonly eos: number;
  /** Fills up to `maxLength` behind the end token: 49407 for SD 1, 0 for SD 2 and SDXL's second encoder. */
  readonly pad: number;
  /** Positions of the encoder, begin and end included. */
  readonly maxLength: number;
  /** Textual inversions: the name after `embedding:` → the ids of its rows, which lie behind the vocabulary. */
  readonly embeddings: ReadonlyMap<string, readonly number[]>;
}

/** A token that is found in a text before the text is taken apart. */
export interface AddedToken {
  content: string;
  /** Found in the normalised text (so in any case) rather than in the raw one. */
  normalized: boolean;
  /** Takes the white space before or behind it along. */
  lstrip?: boolean;
  rstrip?: boolean;
}

/** Everything that differs between CLIP tokenizers. */
export interface Vocabulary {
  ids: ReadonlyMap<string, number>;
  /** "left right", most important first. */
  merges: readonly string[];
  added: readonly AddedToken[];
  bos: string;
  eos: string;
  pad: string;
  /** Stands for a symbol that the vocabulary lacks. */
  unk: string;
  maxLength: number;
  embeddings?: ReadonlyMap<string, readonly number[]>;
}

const SPACE = /\p{White_Space}+/gu;
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;

/** @throws ModelError where a special token is not in the vocabulary */
export function clipTokenizer(vocabulary: Vocabulary): Tokenizer {
  const { ids, added } = vocabulary;
  const special = (role: "bos" | "eos" | "pad" | "unk") => {
    const id = ids.get(vocabulary[role]);
    if (id === undefined) {
      throw new ModelError(`The ${role} token ${brief(vocabulary[role])} is not in the vocabulary.`);
    }
    return id;
  };
  const unknown = special("unk");
  const symbols = wordSplitter(vocabulary.merges);
  const raw = finder(added.filter((token) => !token.normalized));
  const normal = finder(added.filter((token) => token.normalized), normalize);

  const encodeWords = (text: string) =>
    Array.from(text.matchAll(WORDS)).flatMap(([word]) => symbols(word).map((symbol) => ids.get(symbol) ?? unknown));

  return {
    encode: (text) => raw(text, (part) => normal(normalize(part), encodeWords, ids), ids),
    bos: special("bos"),
    eos: special("eos"),
    pad: special("pad"),
    maxLength: vocabulary.maxLength,
    embeddings: vocabulary.embeddings ?? new Map(),
  };
}

/** Letter by letter, unlike toLowerCase on a whole text: a final Σ becomes σ like any other. */
function normalize(text: string): string {
  return Array.from(text.normalize("NFC").replace(SPACE, " "), (letter) => letter.toLowerCase()).join("");
}

/** Cuts a text at added tokens (the longest first), which become their ids; `rest` encodes what lies between. */
function finder(tokens: readonly AddedToken[], spelling = (text: string) => text) {
  const byText = new Map(tokens.map((token) => [spelling(token.content), token.content]));
  const alternatives = tokens.map(({ content, lstrip, rstrip }) => {
    const literal = spelling(content).replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&");
    return { length: content.length, pattern: (lstrip ? "\\s*" : "") + `(${literal})` + (rstrip ? "\\s*" : "") };
  }).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(alternatives.map((a) => a.pattern).join("|"), "gu");
  return (text: string, rest: (part: string) => number[], ids: ReadonlyMap<string, number>): number[] => {
    if (tokens.length === 0) return rest(text);
    const out: number[] = [];
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      const content = byText.get(match.slice(1).find((group) => group !== undefined)!)!;
      out.push(...rest(text.slice(from, match.index)), ids.get(content)!);
      from = match.index + match[0].length;
    }
    return [...out, ...rest(text.slice(from))];
  };
}
