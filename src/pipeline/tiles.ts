/**
 * Cutting latents into overlapping tiles and joining what the VAE makes of them. Pure.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { LatentSize } from "./latent_space.ts";

/** Whether and how the VAE works in tiles. */
export interface TilingOptions {
  /** "auto" tiles where the whole picture would not fit a binding. */
  vaeTiling?: "auto" | "on" | "off";
  /** Pixels along a tile's sides. Default: 512, or less where the device cannot bind that. */
  vaeTileSize?: number;
}

/** What goes through the VAE at once, in latents. */
export interface Window {
  height: number;
  width: number;
}

/** A quarter of a tile is shared with its neighbour and blended. */
export const OVERLAP: number = 1 / 4;
/** Latents. */
const SMALLEST_TILE = 8;

/**
 * The whole picture, or a tile of it.
 * @param record records the network over a window; a GpuError means that it would not fit the device
 */
export function tileWindow(
  size: Window,
  factor: number,
  { vaeTiling = "auto", vaeTileSize }: TilingOptions,
  record: (window: Window) => unknown,
): Window {
  const whole = Math.max(size.height, size.width);
  if (vaeTiling === "off") return windowOf(size, whole);
  if (vaeTiling === "auto" && fits(size, whole, record)) return windowOf(size, whole);
  if (vaeTileSize) return windowOf(size, Math.max(SMALLEST_TILE, Math.round(vaeTileSize / factor)));
  return fittingWindow(size, Math.round(512 / factor), record);
}

/**
 * The largest window of `side`, or a half, a quarter … of it, that fits: devices may bind no more than 128 MiB at once.
 */
export function fittingWindow(size: Window, side: number, record: (window: Window) => unknown): Window {
  while (side > SMALLEST_TILE && !fits(size, side, record)) side = Math.ceil(side / 2);
  return windowOf(size, side);
}

function windowOf(size: Window, side: number): Window {
  return { height: Math.min(side, size.height), width: Math.min(side, size.width) };
}

function fits(size: Window, side: number, record: (window: Window) => unknown): boolean {
  try {
    record(windowOf(size, side));
    return true;
  } catch (error) {
    if (error instanceof GpuError) return false; // a tensor would not fit a binding
    throw error;
  }
}

/** A window of the latents. All tiles of a picture have one size, so that one compiled program serves them. */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Tiles of this size that overlap by at least `overlap` of a tile. */
export function tilesOf(
  size: Pick<LatentSize, "height" | "width">,
  { height, width }: Pick<LatentSize, "height" | "width">,
  overlap: number,
): Tile[] {
  return starts(size.height, height, overlap).flatMap((y) =>
    starts(size.width, width, overlap).map((x) => ({ x, y, width, height }))
  );
}

/** Evenly spread starts: the first at 0, the last at the far border. */
function starts(length: number, side: number, overlap: number): number[] {
  const room = length - side;
  const count = Math.ceil(room / (side * (1 - overlap))) + 1;
  return Array.from({ length: count }, (_, i) => count === 1 ? 0 : Math.round(i * room / (count - 1)));
}

/**
 * Joins decoded tiles: each fades out linearly over its overlap, and every pixel is the weighted mean of the tiles
 * there.
 * @param factor pixels to a latent
 * @returns RGBA of width·factor × height·factor
 */
export function blendTiles(
  decoded: readonly { tile: Tile; data: Uint8Array }[],
  width: number,
  height: number,
  factor: number,
  overlap: number,
): Uint8Array {
  const stride = width * factor;
  const sums = new Float32Array(stride * height * factor * 3);
  const weights = new Float32Array(stride * height * factor);
  for (const { tile, data } of decoded) {
    const across = fade(tile.width * factor, tile.x > 0, tile.x + tile.width < width, overlap);
    const down = fade(tile.height * factor, tile.y > 0, tile.y + tile.height < height, overlap);
    for (let y = 0; y < down.length; y++) {
      for (let x = 0; x < across.length; x++) {
        const weight = down[y] * across[x];
        const from = (y * across.length + x) * 4;
        const to = (tile.y * factor + y) * stride + tile.x * factor + x;
        weights[to] += weight;
        for (let rgb = 0; rgb < 3; rgb++) sums[to * 3 + rgb] += weight * data[from + rgb];
      }
    }
  }
  const out = new Uint8Array(weights.length * 4).fill(255);
  for (let i = 0; i < weights.length; i++) {
    for (let rgb = 0; rgb < 3; rgb++) out[i * 4 + rgb] = Math.round(sums[i * 3 + rgb] / weights[i]);
  }
  return out;
}

/** The same for latents: tiles [height, width, channels] become one of the whole size. */
export function blendLatents(
  encoded: readonly { tile: Tile; data: Float32Array }[],
  { height, width }: Pick<LatentSize, "height" | "width">,
  channels: number,
): Float32Array {
  if (encoded.length === 1) return encoded[0].data;
  const sums = new Float32Array(width * height * channels);
  const weights = new Float32Array(width * height);
  for (const { tile, data } of encoded) {
    const across = fade(tile.width, tile.x > 0, tile.x + tile.width < width, OVERLAP);
    const down = fade(tile.height, tile.y > 0, tile.y + tile.height < height, OVERLAP);
    for (let i = 0; i < tile.width * tile.height; i++) {
      const [x, y] = [i % tile.width, Math.floor(i / tile.width)];
      const weight = down[y] * across[x];
      const to = (tile.y + y) * width + tile.x + x;
      weights[to] += weight;
      for (let c = 0; c < channels; c++) sums[to * channels + c] += weight * data[i * channels + c];
    }
  }
  return sums.map((sum, i) => sum / weights[Math.floor(i / channels)]);
}

/** Weights along one side: 1, falling towards the sides where another tile follows, never to 0. */
function fade(length: number, before: boolean, after: boolean, overlap: number): Float32Array {
  const ramp = Math.max(1, Math.floor(length * overlap));
  return Float32Array.from({ length }, (_, i) => {
    const left = before ? Math.min(1, (i + 1) / (ramp + 1)) : 1;
    const right = after ? Math.min(1, (length - i) / (ramp + 1)) : 1;
    return left * right;
  });
}
