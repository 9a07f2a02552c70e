/**
 * A prompt as the chunks of 77 tokens that a CLIP encoder takes.
 *
 * @module
 */

/** Begin token, up to 75 tokens of the prompt, end token, padding. */
export interface TokenChunk {
  /** `maxLength` (77) token ids. */
  ids: Int32Array;
  /** Emphasis of each position, 1 where the prompt says nothing. */
  weights: Float32Array;
  /** Position of the end token, where the pooled embedding is read. */
  eosIndex: number;
}
