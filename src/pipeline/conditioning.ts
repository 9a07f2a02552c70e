/**
 * What the backbone is asked, planned from the regions: which prompts stand in the context, which batch entry and pixel sees
 * which of them, and how the entries' predictions are summed into one. Pure: knows no device.
 *
 * Attention mode has one conditional entry, in which each pixel sees its own region's prompt and the base prompt. Latent mode
 * has one entry for each distinct prompt and blends predictions by masks (RPG, arXiv 2401.11708, section 2.3 and eq. 5).
 * Canvas mode draws each region as a picture of its own, of the region's size, and blends with a prediction for the whole:
 * the paper's regions that are "generated independently" and put together at every step.
 *
 * @module
 */
import type { AttentionMap, Sight } from "../ops/attention.ts";
import { baseRatiosOf, layoutOf, type Plan, regionsOf } from "../plan/plan.ts";
import { type MaskImage, maskPartition, maskWeights } from "../region/mask_image.ts";
import { featheredMasks } from "../region/masks.ts";
import type { RegionMode } from "../region/mode.ts";
import { partition } from "../region/partition.ts";

/** Stands for an absent negative prompt where the model wants zeros. */
export const ABSENT = Symbol("absent negative prompt");
/** A prompt's text, or the absent negative prompt. */
export type PromptKey = string | typeof ABSENT;

/** One picture that the backbone evaluates. */
interface Entry {
  /** What is seen: by all of it alike, or in attention mode by each region. */
  sees: { prompt: PromptKey; base?: { prompt: PromptKey; ratio: number } }[];
  /** Prompt whose pooled embedding describes the picture (SDXL). */
  pooled: PromptKey;
  /** The region that it is the canvas of; absent: the whole picture. */
  canvas?: number;
  /** What its prediction counts, everywhere or in one region. */
  shares: Share[];
}

/** A summand of an entry's weight in the guided prediction. */
interface Share {
  scale: number;
  /** Belongs to what the picture shall show. */
  conditional: boolean;
  /** Counts by this region's mask; absent: everywhere. */
  region?: number;
}

/** Entries of one size, which the backbone evaluates together. Sizes and places in latent pixels. */
export interface Batch {
  height: number;
  width: number;
  entries: Entry[];
  /** Left and top of each entry in the picture. */
  origins: [x: number, y: number][];
  /** Weight of each entry's prediction at each pixel of the picture [entries, height·width]. */
  share: Float32Array<ArrayBuffer>;
  /** Weights of the conditional prediction alone, for guidance rescale. */
  conditionalShare: Float32Array<ArrayBuffer>;
  /** At a resolution of the backbone: region of each query row of the batch, and what each region of each entry sees in the context. */
  map(height: number, width: number, context: ContextRows): AttentionMap;
}

/** A plan turned into batch entries. */
export interface Conditioning {
  entries: Entry[];
  /** Every prompt that some pixel sees, in the order of the context. */
  seen: Set<PromptKey>;
  /** Those that the picture shall not show. */
  negatives: Set<PromptKey>;
  /** The entries by their size, for a picture of `height` × `width` latent pixels. */
  batches(height: number, width: number): Batch[];
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
  /** Width of the ramp between regions in latent and canvas mode, as a fraction of the picture. */
  feather?: number;
  /** Mask images of the regions that have one. */
  masks?: readonly (MaskImage | undefined)[];
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

/** Plans the backbone's work for `plan`. */
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
  const entries = ENTRIES[plan.mode ?? "attention"](scene);

  const weightsAt = (h: number, w: number) => maskWeights(featheredMasks(layout, w, h, feather), masks, w, h);
  const cellsAt = (h: number, w: number) => maskPartition(partition(layout, w, h), masks, w, h);
  return {
    entries,
    negatives: new Set(scene.scale > 1 ? [negativePooled, ...scene.regions.map((r) => r.negative)] : []),
    seen: new Set(
      entries.flatMap((e) => e.sees.flatMap(({ prompt, base }) => base ? [prompt, base.prompt] : [prompt])),
    ),
    batches(height, width) {
      const weights = weightsAt(height, width);
      const bySize = new Map<string, { box: Box; entries: Entry[]; origins: Batch["origins"] }>();
      for (const entry of entries) {
        const box = entry.canvas === undefined ? { x: 0, y: 0, width, height } : boxOf(weights[entry.canvas], width);
        if (!box) continue; // masks of other regions lie over all of it
        const size = `${box.width}×${box.height}`;
        if (!bySize.has(size)) bySize.set(size, { box, entries: [], origins: [] });
        bySize.get(size)!.entries.push(entry);
        bySize.get(size)!.origins.push([box.x, box.y]);
      }
      return [...bySize.values()].map(({ box, entries, origins }): Batch => ({
        height: box.height,
        width: box.width,
        entries,
        origins,
        share: sumShares(entries, weights, () => 1),
        conditionalShare: sumShares(entries, weights, ({ conditional }) => conditional ? 1 / scene.scale : 0),
        map: (h, w, context) => mapOf(entries, h * w, context, () => cellsAt(h, w)),
      }));
    },
  };
}

/** Entries of each mode. */
const ENTRIES: Record<RegionMode, (scene: Scene) => Entry[]> = { attention, latent, canvas };

/** One conditional entry in which each pixel sees its own region's prompt and the base prompt, and one for what to avoid. */
function attention({ regions, basePrompt, pooled, negativePooled, scale }: Scene): Entry[] {
  const avoid: Entry = {
    sees: regions.map(({ negative }) => ({ prompt: negative })),
    pooled: negativePooled,
    shares: [{ scale: 1 - scale, conditional: false }],
  };
  const show: Entry = {
    sees: regions.map(({ prompt, ratio }) => ({
      prompt,
      base: ratio > 0 ? { prompt: basePrompt!, ratio } : undefined,
    })),
    pooled,
    shares: [{ scale, conditional: true }],
  };
  return scale === 1 ? [show] : [avoid, show];
}

/** One entry for each distinct prompt, blended by the regions' masks. */
function latent({ regions, basePrompt, pooled, negativePooled, scale }: Scene): Entry[] {
  const entries = new Entries();
  regions.forEach(({ prompt, negative, ratio }, region) => {
    entries.add(negative, negativePooled, { scale: 1 - scale, conditional: false, region });
    entries.add(prompt, pooled, { scale: scale * (1 - ratio), conditional: true, region });
    if (basePrompt !== undefined) entries.add(basePrompt, pooled, { scale: scale * ratio, conditional: true, region });
  });
  return entries.list;
}

/**
 * Each region's prompts on a canvas of the region's size, and the base prompt on the whole picture, each with its own guidance.
 * SDXL's sizes remain the whole picture's: those of a small one would ask for the looks of small pictures.
 */
function canvas({ regions, basePrompt, pooled, negativePooled, scale }: Scene): Entry[] {
  const entries = new Entries();
  regions.forEach(({ prompt, negative, ratio }, region) => {
    const own = 1 - ratio;
    entries.add(negative, negativePooled, { scale: own * (1 - scale), conditional: false, region }, region);
    entries.add(prompt, prompt, { scale: own * scale, conditional: true, region }, region);
    if (basePrompt === undefined) return;
    entries.add(negativePooled, negativePooled, { scale: ratio * (1 - scale), conditional: false, region });
    entries.add(basePrompt, pooled, { scale: ratio * scale, conditional: true, region });
  });
  return entries.list;
}

/** Entries that see one prompt each, none twice, none that counts nothing. */
class Entries {
  readonly list: Entry[] = [];

  add(prompt: PromptKey, pooled: PromptKey, share: Share, canvas?: number): void {
    if (share.scale === 0) return;
    const known = this.list.find((e) => e.sees[0].prompt === prompt && e.pooled === pooled && e.canvas === canvas);
    if (known) known.shares.push(share);
    else this.list.push({ sees: [{ prompt }], pooled, canvas, shares: [share] });
  }
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The smallest box around all weights above 0 of a mask with rows of `width`. */
function boxOf(mask: Float32Array, width: number): Box | undefined {
  let [left, right, top, bottom] = [width, 0, Infinity, 0];
  mask.forEach((weight, i) => {
    if (weight <= 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return right === 0 ? undefined : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Weight of each entry at each pixel, every share times its `factor`. */
function sumShares(entries: Entry[], weights: Float32Array[], factor: (share: Share) => number) {
  const area = weights[0].length;
  const out = new Float32Array(entries.length * area);
  entries.forEach(({ shares }, e) => {
    for (const share of shares) {
      const scale = share.scale * factor(share);
      for (let i = 0; i < area; i++) {
        out[e * area + i] += scale * (share.region === undefined ? 1 : weights[share.region][i]);
      }
    }
  });
  return out;
}

/** What the `rows` rows of each entry see. Only where an entry sees several prompts the regions' cells are asked for. */
function mapOf(entries: Entry[], rows: number, context: ContextRows, cellsOf: () => Uint8Array): AttentionMap {
  const cells = entries.some(({ sees }) => sees.length > 1) ? cellsOf() : new Uint8Array(rows);
  const regionOfRow = new Uint32Array(entries.length * rows);
  const sights: Sight[] = [];
  entries.forEach(({ sees }, e) => {
    const first = sights.length;
    for (const { prompt, base } of sees) {
      sights.push({
        ...context.get(prompt)!,
        ...(base ? { base: { ...context.get(base.prompt)!, ratio: base.ratio } } : {}),
      });
    }
    for (let i = 0; i < rows; i++) regionOfRow[e * rows + i] = first + cells[i];
  });
  return { regionOfRow, sights };
}
