/**
 * Latents to pixels, whole or in tiles.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { readTensor, writeTensor } from "../gpu/storage.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { decode } from "../nn/vae.ts";
import { pixels } from "../ops/elementwise.ts";
import { callInput, callWords, latentsIn } from "../ops/latents.ts";
import type { DeviceLatents, LatentSize, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";
import { blendTiles, type Tile, tilesOf } from "./tiles.ts";

/** An 8-bit picture. */
export interface Picture {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** RGBA, row by row, opaque. */
  data: Uint8Array;
}

/** Whether and how the VAE works in tiles. */
export interface TilingOptions {
  /** "auto" tiles where the whole picture would not fit a binding or the memory limit. */
  vaeTiling?: "auto" | "on" | "off";
  /** Pixels along a tile's sides. Default 512. */
  vaeTileSize?: number;
  /** Bytes that activations may take. */
  budget?: number;
}

/** A quarter of a tile is shared with its neighbour and blended. */
const OVERLAP = 1 / 4;

/**
 * Decodes a slot. Where the VAE overflows f16, it is loaded again in f32 and the picture decoded anew.
 * @throws GpuError where the picture holds numbers that are none even in f32
 */
export async function decodePicture(
  model: Model,
  latents: DeviceLatents,
  slot: Slot,
  tiling: TilingOptions = {},
): Promise<Picture> {
  const picture = await decodeOnce(model, latents, slot, tiling);
  if (picture) return picture;
  if (model.vaeWeights.precision === "f16") {
    await model.upcastVae();
    const again = await decodeOnce(model, latents, slot, tiling);
    if (again) return again;
  }
  throw new GpuError(
    "The picture holds values that are no numbers, so it was not kept. The model may overflow f16: try --type f32.",
  );
}

/** The picture, or nothing where it holds values that are no numbers. */
async function decodeOnce(
  model: Model,
  latents: DeviceLatents,
  slot: Slot,
  tiling: TilingOptions,
): Promise<Picture | undefined> {
  const { device, vaeConfig: { factor } } = model;
  const { height, width } = latents.size;
  const tiles = tilesOf(latents.size, tileSize(model, latents.size, tiling), OVERLAP);
  const window = { height: tiles[0].height, width: tiles[0].width };
  const { graph, call, out } = recordDecoder(model, latents.tensor, window);
  const program = await graph.compile();
  try {
    const decoded: { tile: Tile; data: Uint8Array }[] = [];
    for (const tile of tiles) {
      writeTensor(device, call, callWords({ slot, scale: 1, x: tile.x, y: tile.y }));
      program.run();
      const data = new Uint8Array(await readTensor(device, out), 0, tile.width * tile.height * factor * factor * 4);
      for (let i = 3; i < data.length; i += 4) if (data[i] === 0) return undefined;
      decoded.push({ tile, data });
    }
    const data = decoded.length === 1 ? decoded[0].data : blendTiles(decoded, width, height, factor, OVERLAP);
    return { width: width * factor, height: height * factor, data };
  } finally {
    program.destroy();
  }
}

/** Records the decoder over a window of the latents. */
export function recordDecoder(model: Model, latents: Tensor, window: { height: number; width: number }) {
  const { device, vaeConfig, vaeWeights } = model;
  const graph = new Graph(device, "vae decoder", vaeWeights.precision);
  const call = callInput(graph);
  const { multiply, add } = latentAffine(model);
  const affine = { multiply: graph.constant("multiply", multiply), add: graph.constant("add", add) };
  const input = latentsIn(graph, latents, call, 1, affine, [window.height, window.width]);
  const out = graph.output(pixels(graph, decode(graph, vaeWeights, vaeConfig, input)));
  return { graph, call, out };
}

/** Latents along a tile's sides; the whole picture's longer side where it is not cut. */
function tileSize(model: Model, size: LatentSize, options: TilingOptions): number {
  const { vaeTiling = "auto", vaeTileSize = 512, budget = Infinity } = options;
  const tile = Math.max(8, Math.round(vaeTileSize / model.vaeConfig.factor));
  const whole = Math.max(size.height, size.width);
  if (vaeTiling === "on") return tile;
  if (vaeTiling === "off" || decoderBytes(model, size) <= budget) return whole;
  return tile;
}

/** Bytes of activations for decoding a window at once; infinite where a tensor would not fit a binding. */
export function decoderBytes(model: Model, size: LatentSize): number {
  const shape = [1, size.height, size.width, padChannels(size.channels)];
  const latents: Tensor = { label: "latents", shape, type: "f32", storage: "plain", bytes: 0 };
  try {
    return recordDecoder(model, latents, size).graph.planBytes();
  } catch (error) {
    if (error instanceof GpuError) return Infinity;
    throw error;
  }
}

/** Per channel, z = latents / scaling factor + shift; with a config's latents_mean and latents_std (Playground v2.5) also · std + mean. */
export function latentAffine(model: Model) {
  const { latentChannels: c, scalingFactor, shiftFactor } = model.vaeConfig;
  const padded = padChannels(c);
  const { latents_mean: mean, latents_std: std } = model.checkpoint.vae.config as {
    latents_mean?: number[];
    latents_std?: number[];
  };
  const multiply = new Float32Array(padded);
  const add = new Float32Array(padded);
  for (let i = 0; i < c; i++) {
    multiply[i] = (std?.[i] ?? 1) / scalingFactor;
    add[i] = (mean?.[i] ?? 0) + shiftFactor;
  }
  return { multiply, add };
}
