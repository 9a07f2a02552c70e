/**
 * What the backbone is asked, planned from the regions: which prompts stand in the context, which batch entry and pixel
 * sees which of them, and how the entries' predictions are summed into one. Pure: knows no device.
 *
 * Attention mode has one conditional entry, in which each pixel sees its own region's prompt and the base prompt.
 * Latent mode has one entry for each distinct prompt and blends predictions by masks (RPG, arXiv 2401.11708, section
 * 2.3 and eq. 5). Canvas mode draws each region as a picture of its own, of the region's size, and blends with a
 * prediction for the whole: the paper's regions that are "generated independently" and put together at every step.
 *
 * @module
 */
import type { AttentionMap, Sight } from "../ops/attention.ts";
import { UsageError } from "../errors.ts";
import type { PlanAtSteps } from "../plan/phases.ts";
import { baseRatiosOf } from "../plan/layout_of.ts";
import { regionsOf, restOf } from "../plan/plan.ts";
import { negativesOfRegions } from "../region/keywords.ts";
import type { Layout } from "../region/layout.ts";
import { type MaskImage, maskPartition, maskWeights } from "../region/mask_image.ts";
import { boxMask, featheredMasks } from "../region/masks.ts";
import type { RegionMode } from "../region/mode.ts";
import { partition } from "../region/partition.ts";
import { composed, type Weighted } from "../text/split.ts";

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
  /** How much its prediction counts, everywhere or in one region. */
  shares: Share[];
}

/** A summand of an entry's weight. */
interface Share {
  /** Weight in the guided prediction. */
  scale: number;
  /** Weight in the unguided prediction of what the picture shall show. */
  conditional: number;
  /** Weight in the prediction of what it shall not show, which CFG++ renoises with. */
  negative: number;
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
  /** Whether some entry's prompt is of what the picture shall show, not only of what it shall not. */
  shows: boolean;
  /** Weight of each entry's prediction at each pixel of the picture [entries, height·width]. */
  share: Float32Array<ArrayBuffer>;
  /** Weights of the conditional prediction alone, for guidance rescale. */
  conditionalShare: Float32Array<ArrayBuffer>;
  /** Weights of the prediction for the negative prompts alone, where it is wanted. */
  negativeShare?: Float32Array<ArrayBuffer>;
  /**
   * At a resolution of the backbone: region of each query row of the batch, and what each region of each entry sees in
   * the context.
   */
  map(height: number, width: number, context: ContextRows): AttentionMap;
  /** The sights of {@linkcode Batch.map} alone; all resolutions have the same. */
  sights(context: ContextRows): Sight[];
}

/** A plan turned into batch entries. */
export interface Conditioning {
  entries: Entry[];
  /** Every prompt that some pixel sees, in the order of the context. */
  seen: Set<PromptKey>;
  /** Those that the picture shall not show. */
  negatives: Set<PromptKey>;
  /**
   * The entries by their size, for a picture of `height` × `width` latent pixels.
   * @param apart puts entries that are only avoided into batches of their own
   */
  batches(height: number, width: number, options?: { apart?: boolean }): Batch[];
}

/** First row and number of rows of each prompt in the context. */
export type ContextRows = Pick<ReadonlyMap<PromptKey, { start: number; count: number }>, "get">;

/** What the conditioning depends on besides the plan. */
export interface GuidanceOptions {
  /** Guidance scale; 1 and below: no negative pass. */
  cfgScale: number;
  /** CFG++ wants the prediction for the negative prompts at any guidance. */
  negativeToo?: boolean;
  /** What the whole image must not show; undefined is absent. */
  negativePrompt?: string;
  /** An absent negative prompt is zeros. */
  zerosForAbsent: boolean;
  /** Width of the ramp between regions in latent and canvas mode, as a fraction of the picture. */
  feather?: number;
  /** For each region, what follows its texts: the tags of the LoRAs that hold in it. */
  tags?: readonly string[];
  /** Mask images of the regions that have one. */
  masks?: readonly (MaskImage | undefined)[];
}

/** A plan with everything looked up. */
interface Scene {
  regions: {
    shows: Weighted[];
    negative: PromptKey;
    ratio: number;
    /** What lies around boxes: in canvas mode it is drawn as a part of the whole picture. */
    around?: boolean;
  }[];
  base?: Weighted[];
  /** Prompts whose pooled embeddings describe the whole picture, one for each that AND joins. */
  pooled: Weighted[];
  negativePooled: PromptKey;
  /** Guidance scale, 1 without a negative pass. */
  scale: number;
  /** Whether entries are wanted that count in the prediction for the negative prompts alone. */
  negativeToo: boolean;
}

/**
 * Plans the backbone's work for `plan`, whose regions lie as `layout` says.
 *
 * @throws UsageError for AND in a base prompt in attention mode, PlannerError for more negative prompts than regions
 */
export function condition(plan: PlanAtSteps["plan"], layout: Layout, options: GuidanceOptions): Conditioning {
  const ratios = baseRatiosOf(plan);
  const { negativePrompt, feather, masks = [], tags = [] } = options;
  const tagged = (text: PromptKey, i: number) => typeof text === "string" ? text + (tags[i] ?? "") : text;
  const regions = regionsOf(plan);
  const common = negativePrompt === undefined ? undefined : negativesOfRegions(negativePrompt, regions.length);
  // Of the whole picture: what is forbidden anywhere.
  const negativePooled: PromptKey = common ? [...new Set(common)].join(", ") : options.zerosForAbsent ? ABSENT : "";
  const rest: Scene["regions"][number] = {
    shows: composed(restOf(plan).prompt),
    negative: negativePooled,
    ratio: 0,
    around: true,
  };
  const scene: Scene = {
    regions: [
      ...regions.map(({ prompt, negativePrompt: own }, i): Scene["regions"][number] => ({
        shows: composed(prompt).map(({ text, weight }) => ({ text: text + (tags[i] ?? ""), weight })),
        negative: tagged(own ? [common?.[i], own].filter(Boolean).join(", ") : common?.[i] ?? negativePooled, i),
        ratio: ratios[i],
      })),
      ...(layout.rest === undefined ? [] : [rest]),
    ],
    base: plan.basePrompt === undefined ? undefined : composed(plan.basePrompt),
    pooled: composed(plan.basePrompt ?? plan.prompt),
    negativePooled,
    scale: options.negativeToo ? options.cfgScale : Math.max(1, options.cfgScale),
    negativeToo: options.negativeToo ?? false,
  };
  const entries = ENTRIES[plan.mode](scene);

  const weightsAt = (h: number, w: number) => maskWeights(featheredMasks(layout, w, h, feather), masks, w, h);
  const cellsAt = (h: number, w: number) => maskPartition(partition(layout, w, h), masks, w, h);
  return {
    entries,
    negatives: new Set([negativePooled, ...scene.regions.map(({ negative }) => negative)]),
    seen: new Set(
      entries.flatMap((e) => e.sees.flatMap(({ prompt, base }) => base ? [prompt, base.prompt] : [prompt])),
    ),
    batches(height, width, { apart = false } = {}) {
      const weights = weightsAt(height, width);
      /** Around all that is seen of a region, and all of its box: what is half hidden is drawn whole. */
      const canvasOf = (region: number) => {
        const over = layout.boxes.find((box) => box.region === region);
        const own = over ? boxMask(over.rect, width, height, feather) : weights[region];
        return boxOf(weights[region], width) && boxOf(own.map((weight, i) => weight + weights[region][i]), width);
      };
      const bySize = new Map<string, { box: Box; entries: Entry[]; origins: Batch["origins"] }>();
      for (const entry of entries) {
        const box = entry.canvas === undefined ? { x: 0, y: 0, width, height } : canvasOf(entry.canvas);
        if (!box) continue; // masks of other regions lie over all of it
        const size = `${box.width}×${box.height}${apart && shows(entry) ? ", shown" : ""}`;
        if (!bySize.has(size)) bySize.set(size, { box, entries: [], origins: [] });
        bySize.get(size)!.entries.push(entry);
        bySize.get(size)!.origins.push([box.x, box.y]);
      }
      return [...bySize.values()].map(({ box, entries, origins }): Batch => ({
        height: box.height,
        width: box.width,
        entries,
        origins,
        shows: entries.some(shows),
        share: sumShares(entries, weights, ({ scale }) => scale),
        conditionalShare: sumShares(entries, weights, ({ conditional }) => conditional),
        negativeShare: scene.negativeToo ? sumShares(entries, weights, ({ negative }) => negative) : undefined,
        map: (h, w, context) => ({
          regionOfRow: regionsOfRows(entries, h * w, () => cellsAt(h, w)),
          sights: sightsOf(entries, context),
        }),
        sights: (context) => sightsOf(entries, context),
      }));
    },
  };
}

/** Entries of each mode. */
const ENTRIES: Record<RegionMode, (scene: Scene) => Entry[]> = { attention, latent, canvas };

/**
 * The shares of one prompt's predictions, guided with its AND-weights (`composed`): ε∅ + s · Σ wᵢ (εᵢ − ε∅).
 * @param part of the whole that the prompt has
 */
function sharesOf(shows: readonly Weighted[], scale: number, part: number) {
  const total = shows.reduce((sum, { weight }) => sum + weight, 0);
  return {
    avoid: { scale: part * (1 - scale * total), conditional: 0, negative: part },
    show: shows.map(({ weight }) => ({
      scale: part * scale * weight,
      conditional: part * weight / (total || 1),
      negative: 0,
    })),
  };
}

/**
 * One conditional entry in which each pixel sees its own region's prompt and the base prompt, and one for what to
 * avoid; where AND joins several prompts in a region, an entry for the first of each, one for the second and so on.
 */
function attention({ regions, base, pooled, negativePooled, scale, negativeToo }: Scene): Entry[] {
  if (base && (base.length > 1 || base[0].weight !== 1)) {
    throw new UsageError(
      "In attention mode a base prompt cannot be weighted or joined by AND: its words are mixed within each region's. " +
        "Take --mode latent, or leave AND to the regions.",
    );
  }
  const shares = regions.map(({ shows }) => sharesOf(shows, scale, 1));
  const most = Math.max(...regions.map(({ shows }) => shows.length));
  const entries: Entry[] = [{
    sees: regions.map(({ negative }) => ({ prompt: negative })),
    pooled: negativePooled,
    shares: everywhere(shares.map(({ avoid }) => avoid)),
  }];
  for (let k = 0; k < most; k++) {
    entries.push({
      sees: regions.map(({ shows, ratio }) => ({
        prompt: (shows[k] ?? shows[0]).text,
        base: ratio > 0 ? { prompt: base![0].text, ratio } : undefined,
      })),
      pooled: pooledFor(pooled, k),
      shares: everywhere(shares.map(({ show }) => show[k] ?? { scale: 0, conditional: 0, negative: 0 })),
    });
  }
  return entries.filter(({ shares }) => shares.some((share) => counts(share, negativeToo)));
}

/** A share for each region; a single one where all are the same. */
function everywhere(shares: Share[]): Share[] {
  const [first] = shares;
  const same = shares.every(({ scale, conditional, negative }) =>
    scale === first.scale && conditional === first.conditional && negative === first.negative
  );
  return same ? [shares[0]] : shares.map((share, region) => ({ ...share, region }));
}

/** One entry for each distinct prompt, blended by the regions' masks. */
function latent({ regions, base = [], pooled, negativePooled, scale, negativeToo }: Scene): Entry[] {
  const entries = new Entries(negativeToo);
  regions.forEach(({ shows, negative, ratio }, region) => {
    const own = sharesOf(shows, scale, 1 - ratio);
    const whole = sharesOf(base, scale, ratio);
    const avoid = { scale: own.avoid.scale + whole.avoid.scale, conditional: 0, negative: 1, region };
    entries.add(negative, negativePooled, avoid);
    shows.forEach(({ text }, k) => entries.add(text, pooledFor(pooled, k), { ...own.show[k], region }));
    base.forEach(({ text }, k) => entries.add(text, pooledFor(pooled, k), { ...whole.show[k], region }));
  });
  return entries.list;
}

/** The pooled prompt that goes with the kth prompt that AND joins. */
function pooledFor(pooled: readonly Weighted[], k: number): string {
  return (pooled[k] ?? pooled[0]).text;
}

/**
 * Each region's prompts on a canvas of the region's size, and the base prompt on the whole picture, each with its own
 * guidance. SDXL's sizes remain the whole picture's: those of a small one would ask for the looks of small pictures.
 */
function canvas({ regions, base, pooled, negativePooled, scale, negativeToo }: Scene): Entry[] {
  const entries = new Entries(negativeToo);
  regions.forEach(({ shows, negative, ratio, around }, region) => {
    const own = sharesOf(shows, scale, 1 - ratio);
    const canvas = around ? undefined : region;
    entries.add(negative, negativePooled, { ...own.avoid, region }, canvas);
    shows.forEach(({ text }, k) => entries.add(text, text, { ...own.show[k], region }, canvas));
    if (!base) return;
    const whole = sharesOf(base, scale, ratio);
    entries.add(negativePooled, negativePooled, { ...whole.avoid, region });
    base.forEach(({ text }, k) => entries.add(text, pooledFor(pooled, k), { ...whole.show[k], region }));
  });
  return entries.list;
}

/** Whether a share is of anything that is wanted. */
function counts({ scale, negative }: Share, negativeToo: boolean): boolean {
  return scale !== 0 || negativeToo && negative !== 0;
}

/** Entries that see one prompt each, none twice, none that counts nothing. */
class Entries {
  readonly list: Entry[] = [];

  constructor(readonly negativeToo: boolean) {}

  add(prompt: PromptKey, pooled: PromptKey, share: Share, canvas?: number): void {
    if (!counts(share, this.negativeToo)) return;
    const known = this.list.find((e) => e.sees[0].prompt === prompt && e.pooled === pooled && e.canvas === canvas);
    if (known) known.shares.push(share);
    else this.list.push({ sees: [{ prompt }], pooled, canvas, shares: [share] });
  }
}

/** Whether an entry counts in the prediction of what the picture shall show. */
function shows({ shares }: Entry): boolean {
  return shares.some(({ conditional }) => conditional !== 0);
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

/** Weight of each entry at each pixel, by `weightOf` its shares. */
function sumShares(entries: Entry[], weights: Float32Array[], weightOf: (share: Share) => number) {
  const area = weights[0].length;
  const out = new Float32Array(entries.length * area);
  entries.forEach(({ shares }, e) => {
    for (const share of shares) {
      const scale = weightOf(share);
      for (let i = 0; i < area; i++) {
        out[e * area + i] += scale * (share.region === undefined ? 1 : weights[share.region][i]);
      }
    }
  });
  return out;
}

/** What each region of each entry sees in the context. */
function sightsOf(entries: Entry[], context: ContextRows): Sight[] {
  return entries.flatMap(({ sees }) =>
    sees.map(({ prompt, base }): Sight => ({
      ...context.get(prompt)!,
      ...(base ? { base: { ...context.get(base.prompt)!, ratio: base.ratio } } : {}),
    }))
  );
}

/**
 * Which sight the `rows` rows of each entry have. Only where an entry sees several prompts the regions' cells are asked
 * for.
 */
function regionsOfRows(entries: Entry[], rows: number, cellsOf: () => Uint8Array): Uint32Array {
  const cells = entries.some(({ sees }) => sees.length > 1) ? cellsOf() : new Uint8Array(rows);
  const regionOfRow = new Uint32Array(entries.length * rows);
  let first = 0;
  entries.forEach(({ sees }, e) => {
    for (let i = 0; i < rows; i++) regionOfRow[e * rows + i] = first + (sees.length > 1 ? cells[i] : 0);
    first += sees.length;
  });
  return regionOfRow;
}
