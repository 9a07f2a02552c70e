/**
 * Prompts to embeddings, with one text encoder or two, emphasis and chunks.
 *
 * @module
 */
import { type TokenChunk, tokenize } from "../text/chunks.ts";
import type { Model } from "./model.ts";

/** A prompt as the UNet sees it. */
export interface EncodedPrompt {
  /** [tokens, dim] */
  states: Float32Array;
  tokens: number;
  /** Pooled embedding of the whole prompt (SDXL), or nothing. */
  pooled?: Float32Array;
}

/**
 * Encodes every distinct prompt once.
 * @param clipSkip Which layer's states to take, counted from the last: 1 is the last. Default: 1, and 2 for SDXL.
 * @returns embeddings by prompt, and what there is to say about them
 */
export async function encodePrompts(
  model: Model,
  prompts: Iterable<string>,
  clipSkip?: number,
): Promise<{ encoded: Map<string, EncodedPrompt>; warnings: string[] }> {
  const distinct = [...new Set(prompts)];
  const xl = model.textEncoders.length > 1 || model.checkpoint.family === "sdxl";
  const skip = (clipSkip ?? (xl ? 2 : 1)) - 1;
  const warnings: string[] = [];
  if (distinct.length === 0) return { encoded: new Map(), warnings };
  const results: { states: Float32Array; pooled?: Float32Array; width: number; counts: number[] }[] = [];
  for (const [i, encoder] of model.textEncoders.entries()) {
    const chunksOf = distinct.map((prompt) => {
      const { chunks, warnings: said } = tokenize(model.checkpoint.tokenizers[i], prompt);
      if (i === 0) warnings.push(...said.map((w) => `"${prompt.slice(0, 40)}…": ${w}`));
      return chunks;
    });
    const chunks = chunksOf.flat();
    const { states, pooled } = await encoder.encode(chunks, skip, !xl);
    emphasise(states, chunks, encoder.config.positions, encoder.config.width);
    results.push({ states, pooled, width: encoder.config.width, counts: chunksOf.map((c) => c.length) });
  }
  const positions = model.textEncoders[0].config.positions;
  const pooledFrom = results.findLast((r) => r.pooled);
  const { dim, pooledDim } = embeddingDims(model);
  const encoded = new Map<string, EncodedPrompt>();
  let first = 0; // chunk
  distinct.forEach((prompt, n) => {
    const count = results[0].counts[n];
    const tokens = count * positions;
    const states = new Float32Array(tokens * dim);
    let column = 0;
    for (const { states: all, width } of results) {
      for (let t = 0; t < tokens; t++) {
        const from = (first * positions + t) * width;
        states.set(all.subarray(from, from + width), t * dim + column);
      }
      column += width;
    }
    const pooled = pooledFrom?.pooled?.slice(first * pooledDim, (first + 1) * pooledDim);
    encoded.set(prompt, { states, tokens, pooled });
    first += count;
  });
  return { encoded, warnings };
}

/**
 * Zeros in the place of an absent negative prompt (SDXL's force_zeros_for_empty_prompt). One token is enough: zero keys give
 * zero values however many there are.
 */
export function zeroPrompt(model: Model): EncodedPrompt {
  const { dim, pooledDim } = embeddingDims(model);
  return { states: new Float32Array(dim), tokens: 1, pooled: new Float32Array(pooledDim) };
}

/** Widths of a token's embedding and of the pooled one. */
function embeddingDims({ textEncoders }: Model): { dim: number; pooledDim: number } {
  const dim = textEncoders.reduce((sum, { config }) => sum + config.width, 0);
  return { dim, pooledDim: textEncoders[textEncoders.length - 1].config.projection };
}

/** Multiplies emphasised tokens and restores the chunk's mean, as AUTOMATIC1111 does. Works in place. */
function emphasise(states: Float32Array, chunks: readonly TokenChunk[], positions: number, width: number): void {
  chunks.forEach(({ weights }, n) => {
    if (weights.every((w) => w === 1)) return;
    const chunk = states.subarray(n * positions * width, (n + 1) * positions * width);
    const mean = () => chunk.reduce((a, b) => a + b, 0) / chunk.length;
    const before = mean();
    for (let i = 0; i < chunk.length; i++) chunk[i] *= weights[Math.floor(i / width)];
    const factor = before / mean();
    for (let i = 0; i < chunk.length; i++) chunk[i] *= factor;
  });
}
