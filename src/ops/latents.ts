/**
 * The sampler's state on the device: f32 latents in numbered slots of one buffer, and the ops that move between them and a
 * network.
 *
 * @module
 */
import combineSource from "../../shaders/combine.wgsl" with { type: "text" };
import guideSource from "../../shaders/guide.wgsl" with { type: "text" };
import latentsInSource from "../../shaders/latents_in.wgsl" with { type: "text" };
import rescaleSource from "../../shaders/rescale.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { floatBits, type Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";

/** Most terms of one {@linkcode combine}. */
const MAX_TERMS = 8;

/** How many words say what one {@linkcode combine} does. */
export const TERM_WORDS = 3 + 2 * MAX_TERMS;

/** The slot kept free for the conditional prediction that guidance rescale measures. */
export const SCRATCH_SLOT = 0;

/** What the host tells a program before a run. */
export interface Call {
  /** Slot to read, and what its values are multiplied by. */
  slot: number;
  scale: number;
  /** Slot to write. */
  out?: number;
}

/** The words of a {@linkcode Call}, in the order of the shaders' struct. */
export function callWords({ slot, scale, out = 0 }: Call): Uint32Array<ArrayBuffer> {
  return Uint32Array.of(slot, floatBits(scale), out);
}

/** Records the place for a {@linkcode Call}. */
export function callInput(g: Graph): Tensor {
  return g.input("call", [3], "u32", "plain");
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
    kernel: { name: "latents_in", source: latentsInSource },
    params: [height, width, channels / 4, batch, fullHeight, fullWidth, grid[0]],
    bindings: [latents, call, origins, affine.multiply, affine.add, out],
    grid,
  });
  return out;
}

/**
 * latents[slot] = Σ share[e, pixel] · model[e, pixel], into the slot that the call writes or into the scratch slot.
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
  { scratch = false, more = false } = {},
): void {
  const [batch, entryHeight, entryWidth] = model.shape;
  const [, height, width, channels] = latents.shape;
  const grid = grid64(height * width * channels / 4);
  g.dispatch({
    kernel: { name: "guide", source: guideSource },
    params: [
      width,
      height * width,
      entryWidth,
      entryHeight,
      channels / 4,
      batch,
      Number(scratch),
      Number(more),
      grid[0],
    ],
    bindings: [model, share, origins, call, latents],
    grid,
  });
}

/** Guidance rescale by φ of the slot that the call writes to the deviation of the scratch slot, over `channels` real channels. */
export function rescale(g: Graph, call: Tensor, latents: Tensor, phi: number, channels: number): void {
  const [, height, width, padded] = latents.shape;
  g.dispatch({
    kernel: { name: "rescale", source: rescaleSource },
    params: [height * width * padded / 4, height * width * channels, floatBits(phi)],
    bindings: [call, latents],
    grid: [1],
  });
}

/** The words of a sum in the order of the shader's struct: 1 to 8 terms of a coefficient and a slot, cut off at ±limit. */
export function termWords(
  { out, terms, limit }: { out: number; terms: readonly (readonly [number, number])[]; limit: number },
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(TERM_WORDS);
  words.set([out, terms.length, floatBits(limit)]);
  terms.forEach(([coefficient, slot], i) => {
    words[3 + i] = slot;
    words[3 + MAX_TERMS + i] = floatBits(coefficient);
  });
  return words;
}

/** latents[out] = Σ cᵢ · latents[slotᵢ], cut off at ±limit; `terms` is plain u32 [19], the {@linkcode termWords}. */
export function combine(g: Graph, latents: Tensor, terms: Tensor): void {
  const quads = latents.shape.slice(1).reduce((a, b) => a * b, 1) / 4;
  g.dispatch({
    kernel: { name: "combine", source: combineSource },
    params: [quads],
    bindings: [latents, terms],
    grid: [Math.ceil(quads / 64)],
  });
}
