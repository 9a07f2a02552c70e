/**
 * How much device memory a picture needs, known before anything is allocated.
 *
 * @module
 */
import { Graph } from "../gpu/graph.ts";
import { placeBytes } from "../gpu/storage.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { clip } from "../nn/clip.ts";
import { timeDim, unet } from "../nn/unet.ts";
import type { Weights } from "../nn/weights.ts";
import { decoderBytes, decoderWindow, type TilingOptions } from "./decoder.ts";
import { SLOTS } from "./latent_space.ts";
import type { Networks, Offload } from "./networks.ts";

/** Bytes on the device. */
export interface MemoryNeed {
  weights: { textEncoders: number; unet: number; vae: number };
  /** Activations while the prompts are encoded. */
  textEncoders: number;
  /** Activations while the UNet runs. */
  unet: number;
  /** Activations while the picture, or a tile of it, is decoded. */
  vae: number;
  /** Whether decoding goes in tiles. */
  tiled: boolean;
  latents: number;
  /** The most at any time. */
  peak: number;
}

/** What the need depends on besides a picture's size. */
export interface Drawing extends TilingOptions {
  /** Pictures that the UNet evaluates, by their sizes in latents. Default: two of the whole picture, as a plain prompt with guidance has. */
  batches?: { entries: number; height: number; width: number }[];
  /** Distinct prompts, the negative ones among them, each of one chunk of tokens. Default 2. */
  prompts?: number;
}

/** What one picture of `width` × `height` pixels needs. No weights need to be loaded. */
export function memoryNeed(
  networks: Networks,
  width: number,
  height: number,
  drawing: Drawing = {},
  offload: Offload = networks.offload,
): MemoryNeed {
  const { vaeConfig, textEncoders: texts, unetWeights, vaeWeights } = networks;
  const size = {
    height: Math.ceil(height / vaeConfig.factor),
    width: Math.ceil(width / vaeConfig.factor),
    channels: vaeConfig.latentChannels,
  };
  const { prompts = 2, batches = [{ entries: 2, ...size }] } = drawing;
  const weights = {
    textEncoders: sum(texts, (text) => text.weights.bytes),
    unet: unetWeights.bytes,
    vae: vaeWeights.bytes,
  };
  const latents = SLOTS * size.height * size.width * padChannels(size.channels) * 4;
  const textEncoders = Math.max(...texts.map((text) => textBytes(networks, text, prompts)));
  const { unet, window } = unetBytes(networks, batches, prompts);
  const decoded = decoderWindow(networks, size, drawing);
  const vae = decoderBytes(networks, decoded);
  const activations = { textEncoders, unet: unet + latents, vae: vae + latents };
  const need = {
    weights,
    textEncoders,
    unet,
    vae,
    tiled: decoded.height < size.height || decoded.width < size.width,
    latents,
  };

  // While weights are packed, the file's bytes lie beside them.
  const staging = (list: readonly Weights[]) => Math.max(...list.map((w) => w.stagingBytes));
  const all = [...texts.map((text) => text.weights), unetWeights, vaeWeights];
  if (!offload) {
    const loading = all.map((w, i) => sum(all.slice(0, i + 1), (before) => before.bytes) + w.stagingBytes);
    const drawing = sum(all, (w) => w.bytes) + Math.max(...Object.values(activations));
    return { ...need, peak: Math.max(...loading, drawing) };
  }
  // Biases and norms stay while matrices come and go.
  const matrices = sum([...unetWeights.matrices], (tensor) => placeBytes(networks.device, tensor));
  const peaks = [
    weights.textEncoders + Math.max(staging(texts.map((text) => text.weights)), activations.textEncoders),
    offload === "stream"
      ? weights.unet - matrices + window + Math.min(window, unetWeights.stagingBytes) + activations.unet
      : weights.unet + Math.max(staging([unetWeights]), activations.unet),
    weights.vae + latents + Math.max(staging([vaeWeights]), vae),
  ];
  return { ...need, peak: Math.max(...peaks) };
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}

function textBytes(
  { device, precision }: Networks,
  { config, weights }: Networks["textEncoders"][number],
  prompts: number,
): number {
  const g = new Graph(device, "text encoder", precision);
  const { states, projected } = clip(
    g,
    weights,
    config,
    g.input("tokens", [prompts, config.positions, config.width]),
    0,
    true,
  );
  g.output(states);
  if (projected) g.output(projected);
  return g.planBytes();
}

/** Activations, and the largest window of streamed weights. */
function unetBytes(
  { device, precision, unetConfig: config, unetWeights, textEncoders, streamWindow }: Networks,
  batches: NonNullable<Drawing["batches"]>,
  count: number,
): { unet: number; window: number } {
  const tokens = count * textEncoders[0].config.positions;
  const g = new Graph(device, "unet", precision);
  const prompts = new Graph(device, "prompts", precision);
  const context = prompts.input("context", [1, tokens, config.contextDim[0]]);
  const keys = new Map<string, Tensor>();
  for (const { entries, height, width } of batches) {
    g.output(unet(g, unetWeights, config, {
      latents: g.input("latents", [entries, height, width, padChannels(config.inChannels)]),
      time: g.input("time", [entries, 1, timeDim(config)]),
      guidance: config.guidanceDim ? g.input("guidance", [entries, 1, config.guidanceDim]) : undefined,
    }, {
      graph: prompts,
      context,
      added: config.addedDim ? prompts.input("added", [entries, 1, config.addedDim]) : undefined,
      keys,
      map: (h, w) => ({
        regionOfRow: Array.from({ length: entries * h * w }, (_, i) => Math.floor(i / (h * w))),
        sights: Array.from({ length: entries }, () => ({ start: 0, count: tokens })),
      }),
    }));
  }
  const stream = { tensors: unetWeights.matrices, windowBytes: streamWindow };
  return {
    unet: g.planBytes() + prompts.planBytes(),
    window: Math.max(g.windowBytes(stream), prompts.windowBytes(stream)),
  };
}
