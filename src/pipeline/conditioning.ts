/**
 * What the UNet is asked, planned from the regions: which prompts stand in the context, which batch entry and pixel sees
 * which of them, and how the entries' predictions are summed into one. Pure: knows no device.
 *
 * Attention mode has one conditional entry, in which each pixel sees its own region's prompt and the base prompt. Latent mode
 * has one entry for each distinct prompt and blends predictions by masks (RPG, arXiv 2401.11708, section 2.3 and eq. 5).
 *
 * @module
 */
import type { AttentionMap, Sight } from "../ops/attention.ts";
import { baseRatiosOf, layoutOf, type Plan, regionsOf } from "../plan/plan.ts";
import { type MaskImage, maskPartition, maskWeights } from "../region/mask_image.ts";
import { featheredMasks } from "../region/masks.ts";
import { partition } from "../region/partition.ts";
import type { EncodedPrompt } from "./encode_prompts.ts";

/** Stands for an absent negative prompt where the model wants zeros. */
export const ABSENT = Symbol("absent negative prompt");
/** A prompt's text, or the absent negative prompt. */
export type PromptKey = string | typeof ABSENT;

/** One picture of the batch. */
interface Entry {
  /** What each region sees: its prompt, and a base prompt with a ratio. */
  regions: { prompt: PromptKey; base?: { prompt: PromptKey; ratio: number } }[];
  /** Prompt whose pooled embedding describes the picture (SDXL). */
  pooled: PromptKey;
}

/** A plan turned into batch entries. */
export interface Conditioning {
  entries: Entry[];
  /** Every prompt that some pixel sees, in the order of the context. */
  seen: Set<PromptKey>;
  /** Those that the picture shall not show. */
  negatives: Set<PromptKey>;
  /** Weight of each entry's prediction at each latent pixel [entries, height·width]. */
  share(height: number, width: number): Float32Array<ArrayBuffer>;
  /** Weights of the conditional prediction alone, for guidance rescale. */
  conditionalShare(height: number, width: number): Float32Array<ArrayBuffer>;
  /** Region of each query row of the whole batch, and what each region of each entry sees in the context. */
  map(height: number, width: number, context: ContextRows): AttentionMap;
}

/** First row and number of rows of each prompt in the context. */
export type ContextRows = Map<PromptKey, { start: number; count: number }>;

/** What the conditioning depends on besides the plan. */
export interface GuidanceOptions {
  /** Guidance scale; 1 and below: no negative pass. */
  cfgScale: number;
  /** Of the image; undefined is absent. */
  negativePrompt?: string;
  /** An absent negative prompt is zeros. */
  zerosForAbsent: boolean;
  /** Width of the ramp between regions in latent mode, as a fraction of the picture. */
  feather?: number;
  /** Mask images of the regions that have one. */
  masks?: readonly (MaskImage | undefined)[];
}

/** One summand of the guided prediction: an entry, its scale, and its weight at each latent pixel. */
interface Share {
  entry: number;
  scale: number;
  /** Belongs to what the picture shall show. */
  conditional: boolean;
  weight(height: number, width: number): Float32Array;
}

/** Batch entries and how their predictions are summed. */
interface Batch {
  entries: Entry[];
  shares: Share[];
}

/** A plan with everything looked up. */
interface Scene {
  regions: { prompt: string; negative: PromptKey; ratio: number }[];
  basePrompt?: string;
  /** Prompts whose pooled embeddings describe the whole picture. */
  pooled: PromptKey;
  negativePooled: PromptKey;
  /** Guidance scale, 1 without a negative pass. */
  scale: number;
}

/** Plans the batch for `plan`. */
export function condition(plan: Plan, options: GuidanceOptions): Conditioning {
  const layout = layoutOf(plan);
  const ratios = baseRatiosOf(plan);
  const { negativePrompt, feather, masks = [] } = options;
  const negativePooled: PromptKey = negativePrompt ?? (options.zerosForAbsent ? ABSENT : "");
  const scene: Scene = {
    regions: regionsOf(plan).map(({ prompt, negativePrompt: own }, i) => ({
      prompt,
      negative: own ? [negativePrompt, own].filter(Boolean).join(", ") : negativePooled,
      ratio: ratios[i],
    })),
    basePrompt: plan.basePrompt,
    pooled: plan.basePrompt ?? plan.prompt,
    negativePooled,
    scale: Math.max(1, options.cfgScale),
  };
  const weights = (h: number, w: number) => maskWeights(featheredMasks(layout, w, h, feather), masks, w, h);
  const { entries, shares } = plan.mode === "attention" ? attentionBatch(scene) : latentBatch(scene, weights);

  const sum = (height: number, width: number, of: Share[], factor: number) => {
    const area = height * width;
    const out = new Float32Array(entries.length * area);
    for (const { entry, scale, weight } of of) {
      weight(height, width).forEach((w, i) => out[entry * area + i] += scale * factor * w);
    }
    return out;
  };
  return {
    entries,
    negatives: new Set(scene.scale > 1 ? [negativePooled, ...scene.regions.map((r) => r.negative)] : []),
    seen: new Set(
      entries.flatMap((e) => e.regions.flatMap(({ prompt, base }) => base ? [prompt, base.prompt] : [prompt])),
    ),
    share: (height, width) => sum(height, width, shares, 1),
    conditionalShare: (height, width) => sum(height, width, shares.filter((s) => s.conditional), 1 / scene.scale),
    map(height, width, context) {
      const cells = plan.mode === "attention"
        ? maskPartition(partition(layout, width, height), masks, width, height)
        : new Uint8Array(height * width);
      const count = scene.regions.length;
      const sights = entries.flatMap((entry) =>
        entry.regions.map(({ prompt, base }): Sight => ({
          ...context.get(prompt)!,
          ...(base ? { base: { ...context.get(base.prompt)!, ratio: base.ratio } } : {}),
        }))
      );
      const regionOfRow = new Uint32Array(entries.length * cells.length);
      entries.forEach((_, e) => cells.forEach((cell, i) => regionOfRow[e * cells.length + i] = e * count + cell));
      return { regionOfRow, sights };
    },
  };
}

/** One conditional entry in which each pixel sees its own region's prompt and the base prompt, and one for what to avoid. */
function attentionBatch({ regions, basePrompt, pooled, negativePooled, scale }: Scene): Batch {
  const whole = (h: number, w: number) => new Float32Array(h * w).fill(1);
  const avoid: Entry = { regions: regions.map(({ negative }) => ({ prompt: negative })), pooled: negativePooled };
  const show: Entry = {
    regions: regions.map(({ prompt, ratio }) => ({
      prompt,
      base: ratio > 0 ? { prompt: basePrompt!, ratio } : undefined,
    })),
    pooled,
  };
  if (scale === 1) return { entries: [show], shares: [{ entry: 0, scale: 1, conditional: true, weight: whole }] };
  return {
    entries: [avoid, show],
    shares: [
      { entry: 0, scale: 1 - scale, conditional: false, weight: whole },
      { entry: 1, scale, conditional: true, weight: whole },
    ],
  };
}

/** One entry for each distinct prompt, blended by the regions' weights. */
function latentBatch(scene: Scene, weights: (h: number, w: number) => Float32Array[]): Batch {
  const { regions, basePrompt, scale } = scene;
  const entries: Entry[] = [];
  const shares: Share[] = [];
  const indexOf = new Map<string, number>();
  const add = (region: number, prompt: PromptKey, pooled: PromptKey, factor: number, conditional: boolean) => {
    if (factor === 0) return;
    const key = `${String(prompt)}\n${String(pooled)}`;
    if (!indexOf.has(key)) indexOf.set(key, entries.push({ regions: regions.map(() => ({ prompt })), pooled }) - 1);
    const entry = indexOf.get(key)!;
    shares.push({ entry, scale: factor, conditional, weight: (h, w) => weights(h, w)[region] });
  };
  regions.forEach(({ prompt, negative, ratio }, i) => {
    add(i, negative, scene.negativePooled, 1 - scale, false);
    add(i, prompt, scene.pooled, scale * (1 - ratio), true);
    if (basePrompt !== undefined) add(i, basePrompt, scene.pooled, scale * ratio, true);
  });
  return { entries, shares };
}

/** The context: embeddings of all prompts below one another, and where each begins. */
export function joinContext(
  prompts: Iterable<PromptKey>,
  embedding: (key: PromptKey) => EncodedPrompt,
): { values: Float32Array; rows: ContextRows; tokens: number } {
  const rows: ContextRows = new Map();
  const parts: Float32Array[] = [];
  let start = 0;
  for (const key of prompts) {
    const { states, tokens } = embedding(key);
    rows.set(key, { start, count: tokens });
    parts.push(states);
    start += tokens;
  }
  const values = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return { values, rows, tokens: start };
}
