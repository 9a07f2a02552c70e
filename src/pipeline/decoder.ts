/**
 * Latents to pixels, whole or in tiles.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { readTensor, writeTensor } from "../gpu/storage.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { decode, type VaeConfig } from "../nn/vae.ts";
import { pixels } from "../ops/elementwise.ts";
import { callInput, callWords, latentsIn } from "../ops/latents.ts";
import type { DeviceLatents, LatentSize, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
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
  /** "auto" tiles where the whole picture would not fit a binding. */
  vaeTiling?: "auto" | "on" | "off";
  /** Pixels along a tile's sides. Default: 512, or less where the device cannot bind that. */
  vaeTileSize?: number;
}

/** A quarter of a tile is shared with its neighbour and blended. */
const OVERLAP = 1 / 4;
/** Latents. */
const SMALLEST_TILE = 8;

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
  const { graph, call, origin, out } = recordDecoder(model, latents.tensor, window);
  const program = await graph.compile();
  try {
    const decoded: { tile: Tile; data: Uint8Array }[] = [];
    for (const tile of tiles) {
      writeTensor(device, call, callWords({ slot, scale: 1 }));
      writeTensor(device, origin, Uint32Array.of(tile.x, tile.y));
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
export function recordDecoder(
  { device, vaeConfig, vaeWeights }: Networks,
  latents: Tensor,
  window: { height: number; width: number },
) {
  const graph = new Graph(device, "vae decoder", vaeWeights.precision);
  const call = callInput(graph);
  const origin = graph.input("origin", [1, 2], "u32", "plain");
  const { multiply, add } = latentAffine(vaeConfig);
  const affine = { multiply: graph.constant("multiply", multiply), add: graph.constant("add", add) };
  const input = latentsIn(graph, latents, call, { batch: 1, ...window, origins: origin }, affine);
  const out = graph.output(pixels(graph, decode(graph, vaeWeights, vaeConfig, input)));
  return { graph, call, origin, out };
}

/** Latents along a tile's sides; the whole picture's longer side where it is not cut. */
function tileSize(networks: Networks, size: LatentSize, options: TilingOptions): number {
  const { vaeTiling = "auto", vaeTileSize } = options;
  const whole = Math.max(size.height, size.width);
  const fits = (side: number) =>
    Number.isFinite(
      decoderBytes(networks, { ...size, height: Math.min(side, size.height), width: Math.min(side, size.width) }),
    );
  if (vaeTiling === "off" || (vaeTiling === "auto" && fits(whole))) return whole;
  const { factor } = networks.vaeConfig;
  if (vaeTileSize) return Math.max(SMALLEST_TILE, Math.round(vaeTileSize / factor));
  // Devices may bind no more than 128 MiB at once.
  let side = Math.round(512 / factor);
  while (side > SMALLEST_TILE && !fits(side)) side /= 2;
  return side;
}

/** What is decoded at once: the whole picture, or a tile of it. */
export function decoderWindow(networks: Networks, size: LatentSize, options: TilingOptions): LatentSize {
  const [{ height, width }] = tilesOf(size, tileSize(networks, size, options), OVERLAP);
  return { ...size, height, width };
}

/** Bytes of activations for decoding a window at once; infinite where a tensor would not fit a binding. */
export function decoderBytes(networks: Networks, size: LatentSize): number {
  const shape = [1, size.height, size.width, padChannels(size.channels)];
  const latents: Tensor = { label: "latents", shape, type: "f32", storage: "plain", bytes: 0 };
  try {
    return recordDecoder(networks, latents, size).graph.planBytes();
  } catch (error) {
    if (error instanceof GpuError) return Infinity;
    throw error;
  }
}

/** Per channel, z = latents · std / scaling factor + mean + shift. */
export function latentAffine({ latentChannels: c, scalingFactor, shiftFactor, latentsMean, latentsStd }: VaeConfig) {
  const multiply = new Float32Array(padChannels(c));
  const add = new Float32Array(padChannels(c));
  for (let i = 0; i < c; i++) {
    multiply[i] = latentsStd[i] / scalingFactor;
    add[i] = latentsMean[i] + shiftFactor;
  }
  return { multiply, add };
}
