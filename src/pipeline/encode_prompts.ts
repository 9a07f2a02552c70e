/**
 * Prompts to embeddings, with one text encoder or several, emphasis and chunks.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { ClipConfig } from "../nn/clip.ts";
import type { Settings } from "../settings.ts";
import { type TokenChunk, tokenize } from "../text/chunks.ts";
import type { Drawing, Prompts } from "./drawing.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
import { tagsOf } from "./region_loras.ts";
import type { Stage } from "./stage.ts";
import { beginChunks, type EncodedChunks, recordTextEncoder } from "./text_encoder.ts";

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
  { checkpoint, textEncoders }: Pick<Networks, "checkpoint" | "textEncoders">,
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
    // Their states stand side by side, but "!!!" is one token to SDXL's first tokenizer and three to its second.
    const most = Math.max(...all.map(({ chunks }) => chunks.length));
    const full = all.map(({ chunks }, i) => [
      ...chunks,
      ...Array.from({ length: most - chunks.length }, () => tokenize(checkpoint.tokenizers[i], "").chunks[0]),
    ]);
    return { prompt, chunks: full };
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

/** What the device may still be at. Disposing of it waits until nothing of it is allocated. */
export interface Encoding extends AsyncDisposable {
  /** Embeddings by prompt. */
  readonly encoded: Promise<ReadonlyMap<string, EncodedPrompt>>;
}

/**
 * Has the device encode all prompts, and returns before it is done, so that what comes next is made ready meanwhile.
 * The encoders come to the device and leave as the drawing's stages say.
 */
export async function beginPrompts(
  model: Model,
  { prompts, stages, offload, loras }: Pick<Drawing, "prompts" | "stages" | "offload" | "loras">,
  signal?: AbortSignal,
): Promise<Encoding> {
  const before = known.get(prompts);
  if (before) return pending(Promise.resolve(before));
  const { texts, choice } = prompts;
  const { regional } = loras;
  const lorasIn = (text: string) => regional ? tagsOf(regional.of(text)) : "";
  const results: Promise<Results>[] = [];
  for (const [i, encoder] of model.textEncoders.entries()) {
    const counts = texts.map(({ chunks }) => chunks[i].length);
    const groups: Group[] = [];
    // Texts of regions with LoRAs of their own are encoded with them.
    for (const group of Map.groupBy(texts.keys(), (t) => lorasIn(texts[t].prompt)).values()) {
      if (regional) model.adapt([...loras.whole, ...regional.of(texts[group[0]].prompt)], [encoder]);
      using _there = await model.hold(stages.encoding[i], offload, signal);
      const chunks = group.flatMap((t) => texts[t].chunks[i]);
      const begun = await beginChunks(encoder, chunks, choice, signal);
      // Memory that the device may still be using counts as free: where it is scarce, what comes next has to wait.
      if (offload) await begun.encoded;
      groups.push({ texts: group, chunks, ...begun });
    }
    if (regional) model.adapt(loras.whole, [encoder]);
    const result = ordered(encoder.network, counts, groups);
    result.catch(() => {}); // the next encoder may fail before anybody awaits it
    results.push(result);
  }
  return pending(
    Promise.all(results).then((results) => {
      const encoded = joined(model, texts, results);
      known.set(prompts, encoded);
      return encoded;
    }),
  );
}

function pending(encoded: Encoding["encoded"]): Encoding {
  const settled = encoded.then(() => {}, () => {}); // told where it is awaited, if it still is
  return { encoded, [Symbol.asyncDispose]: () => settled };
}

/** Texts that are encoded together, by their numbers. */
interface Group {
  texts: number[];
  chunks: TokenChunk[];
  encoded: Promise<EncodedChunks>;
}

/** What a text encoder made of all chunks of all texts, in their order. */
interface Results extends EncodedChunks {
  width: number;
}

/** From groups of texts, with the numbers of chunks of all texts. */
async function ordered(
  { positions, width, projection }: ClipConfig,
  counts: readonly number[],
  groups: readonly Group[],
): Promise<Results> {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const row = positions * width;
  const states = new Float32Array(total * row);
  let pooled: Float32Array | undefined;
  for (const group of groups) {
    const encoded = await group.encoded;
    emphasise(encoded.states, group.chunks, positions, width);
    if (encoded.pooled) pooled ??= new Float32Array(total * projection);
    let from = 0;
    for (const t of group.texts) {
      const first = counts.slice(0, t).reduce((sum, count) => sum + count, 0);
      const end = from + counts[t];
      states.set(encoded.states.subarray(from * row, end * row), first * row);
      if (encoded.pooled) {
        pooled!.set(encoded.pooled.subarray(from * projection, end * projection), first * projection);
      }
      from = end;
    }
  }
  return { states, pooled, width };
}

/** Embeddings by prompt: the encoders' states side by side. */
function joined(networks: Networks, texts: Prompts["texts"], results: Results[]): Map<string, EncodedPrompt> {
  const { positions } = networks.textEncoders[0].network;
  const pooledFrom = results.findLast((r) => r.pooled);
  const { dim, pooledDim } = embeddingDims(networks);
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
