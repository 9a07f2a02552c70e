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
  /** Left and top of the window that is read, in latent pixels. */
  x?: number;
  y?: number;
}

/** The words of a {@linkcode Call}, in the order of the shaders' struct. */
export function callWords({ slot, scale, out = 0, x = 0, y = 0 }: Call): Uint32Array<ArrayBuffer> {
  return Uint32Array.of(slot, floatBits(scale), out, x, y);
}

/** Records the place for a {@linkcode Call}. */
export function callInput(g: Graph): Tensor {
  return g.input("call", [5], "u32", "plain");
}

/**
 * Network input from a window of the slot that the call reads, times its scale, the same for every batch entry.
 * @param latents plain f32 [slots, height, width, channels]
 * @param window [height, width]; default: everything
 * @param affine per-channel multiply and add, plain f32 [channels]
 * @returns [batch, height, width, channels]
 */
export function latentsIn(
  g: Graph,
  latents: Tensor,
  call: Tensor,
  batch: number,
  affine: { multiply: Tensor; add: Tensor },
  window: readonly [number, number] = [latents.shape[1], latents.shape[2]],
): Tensor {
  const [, fullHeight, fullWidth, channels] = latents.shape;
  const [height, width] = window;
  const out = g.tensor("latents", [batch, height, width, channels]);
  const grid = grid64(batch * height * width * channels / 4);
  g.dispatch({
    kernel: { name: "latents_in", source: latentsInSource },
    params: [height, width, channels / 4, batch, fullHeight, fullWidth, grid[0]],
    bindings: [latents, call, affine.multiply, affine.add, out],
    grid,
  });
  return out;
}

/**
 * latents[slot] = Σ share[e, pixel] · model[e, pixel], into the slot that the call writes or into the scratch slot.
 * @param share plain f32 [batch, height·width]
 */
export function guide(g: Graph, model: Tensor, share: Tensor, call: Tensor, latents: Tensor, scratch = false): void {
  const [batch, height, width, channels] = model.shape;
  const grid = grid64(height * width * channels / 4);
  g.dispatch({
    kernel: { name: "guide", source: guideSource },
    params: [height * width, channels / 4, batch, scratch ? 1 : 0, grid[0]],
    bindings: [model, share, call, latents],
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
