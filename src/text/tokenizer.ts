/**
 * What text code needs to know of a tokenizer.
 *
 * @module
 */

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
