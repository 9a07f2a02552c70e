/**
 * The sampler's state on the device: f32 latents in numbered slots of one buffer, and the ops that move between them
 * and a network.
 *
 * @module
 */
import blendSource from "../../shaders/blend.wgsl" with { type: "text" };
import combineSource from "../../shaders/combine.wgsl" with { type: "text" };
import guideSource from "../../shaders/guide.wgsl" with { type: "text" };
import latentsInSource from "../../shaders/latents_in.wgsl" with { type: "text" };
import rescaleSource from "../../shaders/rescale.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { packStruct, structWords } from "../gpu/struct.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";

const LATENTS_IN = { name: "latents_in", source: latentsInSource };
const COMBINE = { name: "combine", source: combineSource };
const BLEND = { name: "blend", source: blendSource };

/** How many words say what one {@linkcode combine} does. */
export const TERM_WORDS = structWords(COMBINE.source, "Terms");

/** The slot kept free for the conditional prediction that guidance rescale measures. */
export const SCRATCH_SLOT = 0;

/** The slot kept free for the prediction for the negative prompt alone, which CFG++ renoises with. */
export const NEGATIVE_SLOT = 1;

/** What the host tells a program before a run. */
export interface Call {
  /** Slot to read, and what its values are multiplied by. */
  slot: number;
  scale: number;
  /** Slot to write. */
  out?: number;
}

/** The words of a {@linkcode Call}. */
export function callWords({ slot, scale, out = 0 }: Call): Uint32Array<ArrayBuffer> {
  return packStruct(LATENTS_IN, "Call", { slot, scale, out });
}

/** Records the place for a {@linkcode Call}. */
export function callInput(g: Graph): Tensor {
  return g.input("call", [structWords(LATENTS_IN.source, "Call")], "u32", "plain");
}

/** Windows of one size into the latents. */
export interface Windows {
  batch: number;
  height: number;
  width: number;
  /** Left and top of each, plain u32 [batch, 2]. */
  origins: Tensor;
}

/**
 * Network input from windows of the slot that the call reads, times its scale.
 * @param latents plain f32 [slots, height, width, channels]
 * @param affine per-channel multiply and add, plain f32 [channels]
 * @returns [batch, height, width, channels], sizes of the windows
 */
export function latentsIn(
  g: Graph,
  latents: Tensor,
  call: Tensor,
  { batch, height, width, origins }: Windows,
  affine: { multiply: Tensor; add: Tensor },
): Tensor {
  const [, fullHeight, fullWidth, channels] = latents.shape;
  const out = g.tensor("latents", [batch, height, width, channels]);
  const grid = grid64(batch * height * width * channels / 4);
  g.dispatch({
    kernel: LATENTS_IN,
    params: {
      height,
      width,
      quads: channels / 4,
      batch,
      full_height: fullHeight,
      full_width: fullWidth,
      grid_width: grid[0],
    },
    bindings: [latents, call, origins, affine.multiply, affine.add, out],
    grid,
  });
  return out;
}

/**
 * latents[slot] = Σ share[e, pixel] · model[e, pixel], into the slot that the call writes or into slot `to`.
 * @param model predictions [batch, height, width, channels] for windows with these `origins`
 * @param share plain f32 [batch, pixels of the latents]
 * @param more adds to what the slot holds
 */
export function guide(
  g: Graph,
  model: Tensor,
  origins: Tensor,
  share: Tensor,
  call: Tensor,
  latents: Tensor,
  { to, more = false }: { to?: number; more?: boolean } = {},
): void {
  const [batch, entryHeight, entryWidth] = model.shape;
  const [, height, width, channels] = latents.shape;
  const grid = grid64(height * width * channels / 4);
  g.dispatch({
    kernel: { name: "guide", source: guideSource },
    params: {
      width,
      pixels: height * width,
      entry_width: entryWidth,
      entry_height: entryHeight,
      quads: channels / 4,
      batch,
      apart: to !== undefined,
      to: to ?? 0,
      more,
      grid_width: grid[0],
    },
    bindings: [model, share, origins, call, latents],
    grid,
  });
}

/**
 * Guidance rescale by φ of the slot that the call writes to the deviation of the scratch slot, over `channels` real
 * channels.
 */
export function rescale(g: Graph, call: Tensor, latents: Tensor, phi: number, channels: number): void {
  const [, height, width, padded] = latents.shape;
  g.dispatch({
    kernel: { name: "rescale", source: rescaleSource },
    params: { quads: height * width * padded / 4, values: height * width * channels, factor: phi },
    bindings: [call, latents],
    grid: [1],
  });
}

/** The words of a sum: 1 to 8 terms of a coefficient and a slot, cut off at ±limit. */
export function termWords(
  { out, terms, limit }: { out: number; terms: readonly (readonly [number, number])[]; limit: number },
): Uint32Array<ArrayBuffer> {
  const slots = terms.map(([, slot]) => slot);
  const coefficients = terms.map(([coefficient]) => coefficient);
  return packStruct(COMBINE, "Terms", { out, count: terms.length, limit, slots, coefficients });
}

/** latents[out] = Σ cᵢ · latents[slotᵢ], cut off at ±limit; `terms` is plain u32 [19], the {@linkcode termWords}. */
export function combine(g: Graph, latents: Tensor, terms: Tensor): void {
  const quads = latents.shape.slice(1).reduce((a, b) => a * b, 1) / 4;
  g.dispatch({
    kernel: COMBINE,
    params: { quads },
    bindings: [latents, terms],
    writes: latents,
    grid: [Math.ceil(quads / 64)],
  });
}

/** What one {@linkcode blend} does: slots, and the level of noise α·x₀ + σ·ε of what is kept. */
export interface Blend {
  out: number;
  x: number;
  kept: number;
  noise: number;
  alpha: number;
  sigma: number;
}

/** The words of a {@linkcode Blend}. */
export function blendWords(call: Blend): Uint32Array<ArrayBuffer> {
  return packStruct(BLEND, "Blend", { ...call });
}

/** How many they are. */
export const BLEND_WORDS = structWords(BLEND.source, "Blend");

/**
 * latents[out] = latents[x] where the mask is 1, α·latents[kept] + σ·latents[noise] elsewhere; `mask` is plain f32
 * [pixels].
 */
export function blend(g: Graph, latents: Tensor, mask: Tensor, call: Tensor): void {
  const [, height, width, channels] = latents.shape;
  const quads = height * width * channels / 4;
  g.dispatch({
    kernel: BLEND,
    params: { quads, quads_per_pixel: channels / 4 },
    bindings: [latents, mask, call],
    writes: latents,
    grid: [Math.ceil(quads / 64)],
  });
}
