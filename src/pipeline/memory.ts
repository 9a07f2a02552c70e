/**
 * How much device memory a picture needs, known before anything is allocated.
 *
 * @module
 */
import { Graph } from "../gpu/graph.ts";
import { padChannels } from "../gpu/tensor.ts";
import { timeDim, unet } from "../nn/unet.ts";
import type { AttentionMap } from "../ops/attention.ts";
import { decoderBytes } from "./decoder.ts";
import { SLOTS } from "./latent_space.ts";
import type { Model } from "./model.ts";

/** Bytes on the device. */
export interface MemoryNeed {
  weights: { textEncoders: number; unet: number; vae: number };
  /** Activations while the UNet runs on two batch entries with one chunk of tokens each, as with a plain prompt. */
  unet: number;
  /** Activations while the whole picture is decoded at once. */
  vae: number;
  latents: number;
  /** The most at any time: all weights stay, or (`model.offload`) each network's leave after it. */
  peak: number;
}

/** What one picture of `width` × `height` pixels needs. The model's weights need not be loaded. */
export function memoryNeed(model: Model, width: number, height: number): MemoryNeed {
  const { vaeConfig, textEncoders, unetWeights, vaeWeights } = model;
  const size = {
    height: Math.ceil(height / vaeConfig.factor),
    width: Math.ceil(width / vaeConfig.factor),
    channels: vaeConfig.latentChannels,
  };
  const weights = {
    textEncoders: textEncoders.reduce((sum, encoder) => sum + encoder.weights.bytes, 0),
    unet: unetWeights.bytes,
    vae: vaeWeights.bytes,
  };
  const latents = SLOTS * size.height * size.width * padChannels(size.channels) * 4;
  const unet = unetBytes(model, size.height, size.width);
  const vae = decoderBytes(model, size);
  // While a network's weights are packed, the file's bytes lie beside them.
  let resident = 0;
  let loading = 0;
  for (const network of [...textEncoders.map((encoder) => encoder.weights), unetWeights, vaeWeights]) {
    if (model.offload) resident = 0;
    resident += network.bytes;
    loading = Math.max(loading, resident + network.stagingBytes);
  }
  const all = weights.textEncoders + weights.unet + weights.vae;
  const working = model.offload ? Math.max(weights.unet + unet, weights.vae + vae) : all + Math.max(unet, vae);
  const peak = Math.max(loading, latents + working);
  return { weights, unet, vae, latents, peak };
}

/** Classifier-free guidance: the prompt and the negative prompt. */
const BATCH = 2;

function unetBytes(
  { device, precision, unetConfig: config, unetWeights, textEncoders }: Model,
  height: number,
  width: number,
): number {
  const tokens = textEncoders[0].config.positions;
  const g = new Graph(device, "unet", precision);
  const prompts = new Graph(device, "prompts", precision);
  const sees = (rows: number): AttentionMap => ({
    regionOfRow: Array.from({ length: BATCH * rows }, (_, i) => Math.floor(i / rows)),
    sights: Array.from({ length: BATCH }, (_, i) => ({ start: i * tokens, count: tokens })),
  });
  const maps = new Map<number, AttentionMap>();
  g.output(unet(g, unetWeights, config, {
    latents: g.input("latents", [BATCH, height, width, padChannels(config.inChannels)]),
    time: g.input("time", [BATCH, 1, timeDim(config)]),
    guidance: config.guidanceDim ? g.input("guidance", [BATCH, 1, config.guidanceDim]) : undefined,
  }, {
    graph: prompts,
    context: prompts.input("context", [1, BATCH * tokens, config.contextDim[0]]),
    added: config.addedDim ? prompts.input("added", [BATCH, 1, config.addedDim]) : undefined,
    map(h, w) {
      if (!maps.has(h * w)) maps.set(h * w, sees(h * w));
      return maps.get(h * w)!;
    },
  }));
  return g.planBytes() + prompts.planBytes();
}
