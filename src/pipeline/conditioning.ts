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
}

/** Plans the batch for `plan`. */
export function condition(plan: Plan, options: GuidanceOptions): Conditioning {
  const layout = layoutOf(plan);
  const regions = regionsOf(plan);
  const ratios = baseRatiosOf(plan);
  const { cfgScale, negativePrompt, feather } = options;
  const guided = cfgScale > 1;
  const pooled = plan.basePrompt ?? plan.prompt;
  const negatives = regions.map(({ negativePrompt: own }): PromptKey => {
    if (own) return negativePrompt ? `${negativePrompt}, ${own}` : own;
    return negativePrompt ?? (options.zerosForAbsent ? ABSENT : "");
  });
  const imageNegative: PromptKey = negativePrompt ?? (options.zerosForAbsent ? ABSENT : "");
  const base = (i: number) => ratios[i] > 0 ? { prompt: plan.basePrompt!, ratio: ratios[i] } : undefined;

  const entries: Entry[] = [];
  /** Summands of the share: an entry, its scale and its weight at each pixel. */
  const shares: {
    entry: number;
    scale: number;
    conditional: boolean;
    weight: (h: number, w: number) => Float32Array;
  }[] = [];
  const whole = (h: number, w: number) => new Float32Array(h * w).fill(1);

  if (plan.mode === "attention") {
    if (guided) {
      entries.push({ regions: negatives.map((prompt) => ({ prompt })), pooled: imageNegative });
      shares.push({ entry: 0, scale: 1 - cfgScale, conditional: false, weight: whole });
    }
    entries.push({ regions: regions.map(({ prompt }, i) => ({ prompt, base: base(i) })), pooled });
    shares.push({ entry: entries.length - 1, scale: guided ? cfgScale : 1, conditional: true, weight: whole });
  } else {
    const indexOf = new Map<string, number>();
    const entryFor = (prompt: PromptKey, pooled: PromptKey): number => {
      const key = `${String(prompt)}\n${String(pooled)}`;
      if (!indexOf.has(key)) indexOf.set(key, entries.push({ regions: regions.map(() => ({ prompt })), pooled }) - 1);
      return indexOf.get(key)!;
    };
    const masks = new Map<string, Float32Array[]>();
    const mask = (i: number) => (h: number, w: number) => {
      const key = `${h}×${w}`;
      if (!masks.has(key)) masks.set(key, featheredMasks(layout, w, h, feather));
      return masks.get(key)![i];
    };
    regions.forEach(({ prompt }, i) => {
      const scale = guided ? cfgScale : 1;
      if (guided) {
        shares.push({
          entry: entryFor(negatives[i], imageNegative),
          scale: 1 - cfgScale,
          conditional: false,
          weight: mask(i),
        });
      }
      if (ratios[i] < 1) {
        shares.push({
          entry: entryFor(prompt, pooled),
          scale: scale * (1 - ratios[i]),
          conditional: true,
          weight: mask(i),
        });
      }
      if (ratios[i] > 0) {
        const entry = entryFor(plan.basePrompt!, pooled);
        shares.push({ entry, scale: scale * ratios[i], conditional: true, weight: mask(i) });
      }
    });
  }

  const sum = (height: number, width: number, of: typeof shares, scaleOf: (s: typeof shares[number]) => number) => {
    const area = height * width;
    const out = new Float32Array(entries.length * area);
    for (const s of of) {
      const weight = s.weight(height, width);
      for (let i = 0; i < area; i++) out[s.entry * area + i] += scaleOf(s) * weight[i];
    }
    return out;
  };
  return {
    entries,
    negatives: new Set(guided ? [imageNegative, ...negatives] : []),
    seen: new Set(
      entries.flatMap((e) => e.regions.flatMap(({ prompt, base }) => base ? [prompt, base.prompt] : [prompt])),
    ),
    share: (height, width) => sum(height, width, shares, (s) => s.scale),
    conditionalShare: (height, width) =>
      sum(height, width, shares.filter((s) => s.conditional), (s) => s.scale / (guided ? cfgScale : 1)),
    map(height, width, context) {
      const cells = plan.mode === "attention" ? partition(layout, width, height) : new Uint8Array(height * width);
      const sights: Sight[] = entries.flatMap((entry) =>
        entry.regions.map(({ prompt, base }): Sight => ({
          ...context.get(prompt)!,
          ...(base ? { base: { ...context.get(base.prompt)!, ratio: base.ratio } } : {}),
        }))
      );
      const regionOfRow = new Uint32Array(entries.length * cells.length);
      entries.forEach((_, e) =>
        cells.forEach((cell, i) => regionOfRow[e * cells.length + i] = e * regions.length + cell)
      );
      return { regionOfRow, sights };
    },
  };
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
