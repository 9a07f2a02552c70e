/**
 * Pixels to latents, whole or in tiles.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import { padChannels } from "../gpu/tensor.ts";
import { encode, type VaeConfig } from "../nn/vae.ts";
import type { Mask } from "../picture/inpaint.ts";
import type { Picture } from "../picture/picture.ts";
import type { NoiseGenerator } from "../sample/types.ts";
import type { Drawing } from "./drawing.ts";
import type { LatentSize } from "./latent_space.ts";
import type { Model } from "./model.ts";
import { declareEncoder, type Networks } from "./networks.ts";
import type { Part } from "./part.ts";
import type { Stage } from "./stage.ts";
import { blendLatents, OVERLAP, type Tile, tilesOf, tileWindow, type TilingOptions, type Window } from "./tiles.ts";

/** The distribution of a picture's latents: mean and log-variance, each [channels, height, width]. */
export interface Posterior {
  mean: Float32Array;
  logVariance: Float32Array;
}

/** A picture of the drawing's size, grey where it is hidden. */
export interface Shown {
  picture: Picture;
  hidden?: Mask;
}

/** Encoding pictures, whole or tile by tile. */
export function embeddingStage({ encoder }: Pick<Networks, "encoder">, window: Window): Stage {
  return { name: "embedding", parts: [encoder], heldBytes: 0, record: () => [[recordEncoder(encoder, window).graph]] };
}

/** What is encoded at once: the whole picture, or a tile of it. In latents. */
export function encodingWindow(encoder: Part<VaeConfig>, size: LatentSize, options: TilingOptions): Window {
  return tileWindow(size, encoder.network.factor, options, (window) => recordEncoder(encoder, window));
}

/**
 * Encodes pictures of the drawing's size. One in which the VAE overflows f16 is encoded anew in f32.
 * @throws GpuError where numbers overflow even in f32
 */
export async function encodePictures(
  model: Model,
  { stages, size, offload, settings }: Drawing,
  pictures: readonly Shown[],
  signal?: AbortSignal,
): Promise<Posterior[]> {
  const { encoder } = model;
  const stage = stages.embedding!;
  const window = encodingWindow(encoder, size, settings);
  let posteriors: Posterior[] | undefined;
  {
    using _there = await model.hold(stage, offload, signal);
    posteriors = await encodeWith(encoder, size, window, pictures, signal);
  }
  if (posteriors) return posteriors;
  if (encoder.weights.precision === "f16") {
    encoder.weights.release();
    const wide = declareEncoder(model.device, "f32", encoder.network, encoder.source);
    const tile = encodingWindow(wide, size, settings);
    using _there = await model.hold(embeddingStage({ encoder: wide }, tile), true, signal);
    posteriors = await encodeWith(wide, size, tile, pictures, signal);
    if (posteriors) return posteriors;
  }
  throw new GpuError("The picture to start from cannot be encoded: its latents hold NaN or Inf values.");
}

/** The posteriors, or nothing where one holds values that are no numbers. */
async function encodeWith(
  encoder: Part<VaeConfig>,
  size: LatentSize,
  window: Window,
  pictures: readonly Shown[],
  signal?: AbortSignal,
): Promise<Posterior[] | undefined> {
  const { weights: { device }, network: { factor } } = encoder;
  const { graph, input, out } = recordEncoder(encoder, window);
  const program = await graph.compile(signal);
  try {
    const posteriors: Posterior[] = [];
    for (const picture of pictures) {
      const encoded: { tile: Tile; data: Float32Array }[] = [];
      for (const tile of tilesOf(size, window, OVERLAP)) {
        writeFloats(device, input, levels(picture, tile, factor));
        program.run();
        const data = await readFloats(device, out, signal);
        if (!data.every(Number.isFinite)) return undefined;
        encoded.push({ tile, data });
      }
      posteriors.push(split(blendLatents(encoded, size, padChannels(2 * size.channels)), size));
    }
    return posteriors;
  } finally {
    program.destroy();
  }
}

/** Records the encoder over a window of the picture. */
function recordEncoder({ network, weights }: Part<VaeConfig>, window: Window) {
  const graph = new Graph(weights.device, "vae encoder", weights.precision);
  const { factor } = network;
  const input = graph.input("picture", [1, window.height * factor, window.width * factor, padChannels(3)]);
  const out = graph.output(encode(graph, weights, network, input));
  return { graph, input, out };
}

/** The pixels of a tile as the VAE wants them: −1 … 1, four channels of which the last is empty. */
function levels({ picture: { width, data }, hidden }: Shown, tile: Tile, factor: number): Float32Array {
  const [columns, rows] = [tile.width * factor, tile.height * factor];
  const out = new Float32Array(columns * rows * 4);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = (tile.y * factor + y) * width + tile.x * factor + x;
      if (hidden?.data[from]) continue;
      for (let c = 0; c < 3; c++) out[(y * columns + x) * 4 + c] = data[from * 4 + c] / 127.5 - 1;
    }
  }
  return out;
}

/**
 * Moments [height, width, 2·channels padded] → planes. Where the VAE gives means only, there is no variance to speak
 * of.
 */
function split(moments: Float32Array, { height, width, channels }: LatentSize): Posterior {
  const area = height * width;
  const stride = moments.length / area;
  const planes = (first: number) => {
    const out = new Float32Array(channels * area);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < area; i++) out[c * area + i] = moments[i * stride + first + c];
    }
    return out;
  };
  return { mean: planes(0), logVariance: planes(channels) };
}

/**
 * A draw from a posterior, scaled as the denoiser wants latents [channels, height, width].
 *
 * diffusers' DiagonalGaussianDistribution: the log-variance is kept within −30 … 20.
 */
export function sampleLatents(
  { mean, logVariance }: Posterior,
  vae: VaeConfig,
  generator: NoiseGenerator,
): Float32Array {
  const { latentChannels, scalingFactor, shiftFactor, latentsMean, latentsStd } = vae;
  const noise = generator.normal(mean.length);
  const area = mean.length / latentChannels;
  return mean.map((value, i) => {
    const c = Math.floor(i / area);
    const deviation = Math.fround(Math.exp(0.5 * Math.min(20, Math.max(-30, logVariance[i]))));
    const z = Math.fround(value + deviation * noise[i]);
    return (z - latentsMean[c] - shiftFactor) * scalingFactor / latentsStd[c];
  });
}
