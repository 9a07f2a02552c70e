/**
 * The decoder of TAESD, a tiny autoencoder that shares the latents of Stable Diffusion's (Boer Bohan,
 * github.com/madebyollin/taesd), as diffusers' AutoencoderTiny lays it out. It serves for previews, and for quick
 * decoding.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { add } from "../ops/elementwise.ts";
import { conv3x3 } from "../ops/matmul.ts";
import type { Weights } from "./weights.ts";

/** What the names and shapes of its weights tell. */
export interface TaesdConfig {
  latentChannels: number;
  /** Channels throughout. */
  width: number;
  /** Blocks of each stage of the decoder, from the latents up. */
  decoder: number[];
  /** Pixels to a latent, along each side. */
  factor: number;
}

/**
 * Latents as the denoiser has them [1, height, width, latentChannels] → picture [1, height·factor, width·factor, 3
 * (+1)] in 0 … 1.
 */
export function taesdDecode(g: Graph, w: Weights, config: TaesdConfig, latents: Tensor): Tensor {
  const { width, latentChannels, decoder } = config;
  const layer = (index: number) => `decoder.layers.${index}`;
  const clamped = add(g, latents, undefined, { activation: "soft_clamp" });
  const first = w.matrix(layer(0), latentChannels, width, { taps: 9 });
  let h = conv3x3(g, clamped, first, { activation: "relu" });
  let index = 2; // behind the first convolution and its ReLU
  decoder.forEach((blocks, stage) => {
    for (let i = 0; i < blocks; i++) h = block(g, w, layer(index++), h, width);
    if (stage === decoder.length - 1) return;
    const upsampleTo = [h.shape[1] * 2, h.shape[2] * 2] as const;
    index++; // the doubling itself
    h = conv3x3(g, h, w.matrix(layer(index++), width, width, { taps: 9, bias: false }), { upsampleTo });
  });
  return conv3x3(g, h, w.matrix(layer(index), width, 3, { taps: 9 }));
}

/** relu(x + conv(relu(conv(relu(conv(x)))))) */
function block(g: Graph, w: Weights, name: string, x: Tensor, width: number): Tensor {
  const weight = (i: number) => w.matrix(`${name}.conv.${i}`, width, width, { taps: 9 });
  let h = conv3x3(g, x, weight(0), { activation: "relu" });
  h = conv3x3(g, h, weight(2), { activation: "relu" });
  h = conv3x3(g, h, weight(4), { residual: x });
  return add(g, h, undefined, { activation: "relu" });
}
