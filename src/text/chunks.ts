/**
 * A prompt as the chunks of 77 tokens that a CLIP encoder takes.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { parseWeights } from "./weighting.ts";

/** Begin token, up to 75 tokens of the prompt, end token, padding. */
export interface TokenChunk {
  /** `maxLength` (77) token ids. */
  ids: Int32Array;
  /** Emphasis of each position, 1 where the prompt says nothing. */
  weights: Float32Array;
  /** Position of the end token, where the pooled embedding is read. */
  eosIndex: number;
}

/** `embedding:name` with a name of letters, digits, `_`, `-` and inner dots; a file's extension may follow. */
const EMBEDDING = /embedding:([\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*)/giu;

/**
 * Token chunks of a prompt with emphasis and textual inversions. Nothing is cut off: a prompt of more than 75 tokens becomes
 * several chunks, and a warning says so.
 * @throws UsageError for an `embedding:name` that was not loaded
 */
export function tokenize(tokenizer: Tokenizer, prompt: string): { chunks: TokenChunk[]; warnings: string[] } {
  const tokens: { id: number; weight: number }[] = [];
  for (const { text, weight } of parseWeights(prompt)) {
    for (const id of encodePiece(tokenizer, text)) tokens.push({ id, weight });
  }
  const room = tokenizer.maxLength - 2;
  const chunks: TokenChunk[] = [];
  for (let from = 0; from === 0 || from < tokens.length; from += room) {
    chunks.push(chunk(tokenizer, tokens.slice(from, from + room)));
  }
  const warnings = chunks.length === 1
    ? []
    : [`The prompt has ${tokens.length} tokens, more than ${room}: it is encoded in ${chunks.length} chunks.`];
  return { chunks, warnings };
}

function encodePiece(tokenizer: Tokenizer, text: string): number[] {
  const ids: number[] = [];
  let from = 0;
  for (const match of text.matchAll(EMBEDDING)) {
    ids.push(...tokenizer.encode(text.slice(from, match.index)), ...embeddingIds(tokenizer, match[1]));
    from = match.index + match[0].length;
  }
  return [...ids, ...tokenizer.encode(text.slice(from))];
}

function embeddingIds(tokenizer: Tokenizer, name: string): readonly number[] {
  const bare = name.replace(/\.(safetensors|pt|bin|ckpt)$/i, "");
  const ids = tokenizer.embeddings.get(name) ?? tokenizer.embeddings.get(bare);
  if (ids) return ids;
  const known = [...tokenizer.embeddings.keys()];
  const help = known.length === 0
    ? " No embeddings are loaded: give their folder with --embeddings."
    : didYouMean(bare, known) || ` Loaded are: ${known.join(", ")}.`;
  throw new UsageError(`The prompt names the embedding "${bare}", which is not loaded.${help}`);
}

function chunk(tokenizer: Tokenizer, tokens: { id: number; weight: number }[]): TokenChunk {
  const ids = new Int32Array(tokenizer.maxLength).fill(tokenizer.pad);
  const weights = new Float32Array(tokenizer.maxLength).fill(1);
  ids[0] = tokenizer.bos;
  tokens.forEach(({ id, weight }, i) => {
    ids[i + 1] = id;
    weights[i + 1] = weight;
  });
  ids[tokens.length + 1] = tokenizer.eos;
  return { ids, weights, eosIndex: ids.indexOf(tokenizer.eos) }; // the first one: a prompt may spell the end token
}
