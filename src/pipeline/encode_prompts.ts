/**
 * Prompts to embeddings, with one text encoder or several, emphasis and chunks.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { type TokenChunk, tokenize } from "../text/chunks.ts";
import type { Drawing, Prompts } from "./drawing.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
import { tagsOf } from "./region_loras.ts";
import type { Stage } from "./stage.ts";
import { encodeChunks, recordTextEncoder } from "./text_encoder.ts";

/** A prompt as the backbone sees it. */
export interface EncodedPrompt {
  /** [tokens, dim] */
  states: Float32Array;
  tokens: number;
  /** Pooled embedding of the whole prompt (SDXL), or nothing. */
  pooled?: Float32Array;
}

/**
 * Tokens of every prompt, with the layer that their embeddings are read from.
 *
 * @param clipSkip that layer, counted from the last: 1 is the last. Default: 1, and 2 for SDXL. It holds for what the
 *   picture shall show and for what it shall not, as in AUTOMATIC1111's web UI.
 * @throws UsageError where a text encoder has no such layer
 */
export function tokenizePrompts(
  { checkpoint, textEncoders }: Networks,
  prompts: Iterable<string>,
  { clipSkip, chunkAtComma }: Pick<Settings, "clipSkip" | "chunkAtComma">,
): { prompts: Prompts; warnings: string[] } {
  const xl = textEncoders.length > 1 || checkpoint.family === "sdxl";
  const layer = clipSkip ?? (xl ? 2 : 1);
  const layers = Math.min(...textEncoders.map(({ network }) => network.layers));
  if (layer > layers) {
    throw new UsageError(
      `--clip-skip ${layer}: the text encoder of ${checkpoint.name} has only ${layers} layers. Choose 1 to ${layers}.`,
    );
  }
  const warnings: string[] = [];
  const texts = [...new Set(prompts)].map((prompt) => {
    const all = textEncoders.map((_, i) =>
      tokenize(checkpoint.tokenizers[i], prompt, { atComma: chunkAtComma !== "off" })
    );
    warnings.push(...all[0].warnings.map((said) => `"${prompt.slice(0, 40)}…": ${said}`));
    return { prompt, chunks: all.map(({ chunks }) => chunks) };
  });
  return { prompts: { choice: { skip: layer - 1, finalNorm: !xl }, texts }, warnings };
}

/** Encoding, one text encoder after the other. */
export function encodingStages({ textEncoders }: Networks, { texts, choice }: Prompts): Stage[] {
  return textEncoders.map((part, i) => ({
    name: "encoding",
    parts: [part],
    heldBytes: 0,
    record: () => [[recordTextEncoder(part, texts.flatMap(({ chunks }) => chunks[i]).length, choice).graph]],
  }));
}

/** Embeddings of the drawings that are still in use: the pictures of a batch differ in their seeds alone. */
const known = new WeakMap<Prompts, ReadonlyMap<string, EncodedPrompt>>();

/** Embeddings by prompt. The encoders come to the device and leave as the drawing's stages say. */
export async function encodePrompts(
  model: Model,
  { prompts, stages, offload, loras }: Pick<Drawing, "prompts" | "stages" | "offload" | "loras">,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, EncodedPrompt>> {
  const before = known.get(prompts);
  if (before) return before;
  const { texts, choice } = prompts;
  const { regional } = loras;
  const lorasIn = (text: string) => regional ? tagsOf(regional.of(text)) : "";
  const results: { states: Float32Array; pooled?: Float32Array; width: number }[] = [];
  for (const [i, encoder] of model.textEncoders.entries()) {
    const { width, positions, projection } = encoder.network;
    const counts = texts.map(({ chunks }) => chunks[i].length);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const states = new Float32Array(total * positions * width);
    let pooled: Float32Array | undefined;
    // Texts of regions with LoRAs of their own are encoded with them.
    for (const group of Map.groupBy(texts.keys(), (t) => lorasIn(texts[t].prompt)).values()) {
      if (regional) model.adapt([...loras.whole, ...regional.of(texts[group[0]].prompt)], [encoder]);
      using _there = await model.hold(stages.encoding[i], offload);
      const chunks = group.flatMap((t) => texts[t].chunks[i]);
      const encoded = await encodeChunks(encoder, chunks, choice, signal);
      emphasise(encoded.states, chunks, positions, width);
      if (encoded.pooled) pooled ??= new Float32Array(total * projection);
      let from = 0;
      for (const t of group) {
        const first = counts.slice(0, t).reduce((sum, count) => sum + count, 0);
        const end = from + counts[t];
        const row = positions * width;
        states.set(encoded.states.subarray(from * row, end * row), first * row);
        if (encoded.pooled) {
          pooled!.set(encoded.pooled.subarray(from * projection, end * projection), first * projection);
        }
        from = end;
      }
    }
    if (regional) model.adapt(loras.whole, [encoder]);
    results.push({ states, pooled, width });
  }
  const { positions } = model.textEncoders[0].network;
  const pooledFrom = results.findLast((r) => r.pooled);
  const { dim, pooledDim } = embeddingDims(model);
  const encoded = new Map<string, EncodedPrompt>();
  let first = 0; // chunk
  for (const { prompt, chunks: [{ length: count }] } of texts) {
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
  }
  known.set(prompts, encoded);
  return encoded;
}

/**
 * Zeros in the place of an absent negative prompt (SDXL's force_zeros_for_empty_prompt). One token is enough: zero keys
 * give zero values however many there are.
 */
export function zeroPrompt(networks: Pick<Networks, "textEncoders">): EncodedPrompt {
  const { dim, pooledDim } = embeddingDims(networks);
  return { states: new Float32Array(dim), tokens: 1, pooled: new Float32Array(pooledDim) };
}

/** Widths of a token's embedding and of the pooled one. */
function embeddingDims({ textEncoders }: Pick<Networks, "textEncoders">): { dim: number; pooledDim: number } {
  const dim = textEncoders.reduce((sum, { network }) => sum + network.width, 0);
  return { dim, pooledDim: textEncoders[textEncoders.length - 1].network.projection };
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
