/**
 * Where a phrase stands in a prompt's tokens.
 *
 * @module
 */
import type { TokenChunk } from "./chunks.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * The positions of a phrase's noun, its last word, counted through all chunks. The phrase tells which of several: "the
 * red apple" is not "a green apple".
 *
 * @returns none where the prompt has neither the phrase, nor the end of it, nor the word
 */
export function nounPositions(tokenizer: Tokenizer, chunks: readonly TokenChunk[], phrase: string): number[] {
  const words = phrase.trim().split(/\s+/);
  const noun = tokenizer.encode(words[words.length - 1]).length;
  for (let first = 0; first < words.length; first++) {
    const wanted = tokenizer.encode(words.slice(first).join(" "));
    const found = chunks.flatMap(({ ids, eosIndex }, chunk) =>
      starts(ids.subarray(0, eosIndex), wanted).map((at) => chunk * ids.length + at + wanted.length - noun)
    );
    if (found.length) return found.flatMap((at) => Array.from({ length: noun }, (_, i) => at + i));
  }
  return [];
}

function starts(ids: Int32Array, wanted: readonly number[]): number[] {
  const last = ids.length - wanted.length;
  const fits = (at: number) => wanted.length > 0 && wanted.every((id, i) => ids[at + i] === id);
  return Array.from({ length: Math.max(0, last + 1) }, (_, at) => at).filter(fits);
}
