/**
 * Enlarging a picture by a network, whole or in tiles.
 *
 * @module
 */
import { GpuError, orCancelled, UsageError } from "../errors.ts";
import { type Device, openDevice, type Precision } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { readTensor, writeFloats } from "../gpu/storage.ts";
import { padChannels } from "../gpu/tensor.ts";
import { COUNT_OF } from "../limits.ts";
import { openUpscaler } from "../model/upscaler.ts";
import { type RrdbConfig, rrdbnet } from "../nn/rrdbnet.ts";
import { pixels } from "../ops/elementwise.ts";
import { extended } from "../picture/inpaint.ts";
import { cropped, opaque, type Picture } from "../picture/picture.ts";
import { declarePart, type Part } from "./part.ts";
import type { Stage } from "./stage.ts";
import { blendTiles, fittingWindow, OVERLAP, type Tile, tilesOf, type Window } from "./tiles.ts";

/** Pixels along the sides of what is enlarged at once, at most: memory is the same for a picture of any size. */
const LARGEST = 256;
/** Pixels along the sides of the tiles of a larger picture. */
const TILE = 192;

/** How an upscaler is loaded. */
export interface UpscalerOptions {
  /** Device to use, or its number in `listAdapters`. Default: the first. */
  device?: Device | number;
  /** Storage of weights and activations. Default f16. */
  type?: Precision;
}

/** A network that enlarges pictures, with its weights on a device. */
export class Upscaler implements Disposable {
  readonly #part: Part<RrdbConfig>;
  readonly #ownDevice?: Device;

  private constructor(part: Part<RrdbConfig>, ownDevice?: Device) {
    this.#part = part;
    this.#ownDevice = ownDevice;
  }

  /**
   * Opens an ESRGAN or Real-ESRGAN file (RRDBNet).
   * @throws ModelError where it holds another network
   */
  static async open(path: string, { device, type = "f16" }: UpscalerOptions = {}): Promise<Upscaler> {
    const opened = typeof device === "object" ? undefined : await openDevice(device);
    try {
      return new Upscaler(await declareUpscaler(typeof device === "object" ? device : opened!, type, path), opened);
    } catch (error) {
      opened?.close();
      throw error;
    }
  }

  /** How much larger a picture becomes along each side. */
  get scale(): number {
    return this.#part.network.scale;
  }

  /**
   * Enlarges a picture; transparent pixels are set on white.
   * @param onProgress told of the tiles that are done and of all of them
   * @throws UsageError where the result would be too large, GpuError where numbers overflow, CancelledError when
   *   `signal` aborts
   */
  async upscale(
    picture: Picture,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, all: number) => void } = {},
  ): Promise<Picture> {
    try {
      await this.#part.weights.load(this.#part.source!, { signal });
      return await enlarge(this.#part, picture, signal, onProgress);
    } catch (error) {
      throw orCancelled(error, signal);
    }
  }

  /** Frees the device memory and closes the file. */
  [Symbol.dispose](): void {
    this.#part.weights.release();
    this.#part.source?.close();
    this.#ownDevice?.close();
  }
}

/** An upscaler's weights, declared. */
export async function declareUpscaler(device: Device, precision: Precision, path: string): Promise<Part<RrdbConfig>> {
  const { config, source } = await openUpscaler(path);
  try {
    return declarePart(device, "upscaler", config, (g, w, network) => {
      rrdbnet(g, w, network, g.input("picture", [1, 4, 4, padChannels(network.inChannels)]));
    }, { precision, source });
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Enlarging, as a stage of a drawing. @param size of the picture before, in pixels */
export function enlargingStage(part: Part<RrdbConfig>, size: Window): Stage {
  return {
    name: "enlarging",
    parts: [part],
    heldBytes: 0,
    record: () => [[recordUpscaler(part, upscalingWindow(part, folded(size, part.network.shuffle))).graph]],
  };
}

/** The picture enlarged by a part whose weights are loaded. */
export async function enlarge(
  part: Part<RrdbConfig>,
  given: Picture,
  signal?: AbortSignal,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Picture> {
  const { network: { scale, shuffle }, weights: { device } } = part;
  const [width, height] = [given.width * scale, given.height * scale];
  if (width * height > COUNT_OF.pixels) {
    throw new UsageError(`${given.width}×${given.height} pixels would become ${width}×${height}, which is too large.`);
  }
  const size = folded(given, shuffle);
  const page = opaque(
    extended(given, { right: size.width * shuffle - given.width, bottom: size.height * shuffle - given.height })
      .picture,
  );
  const window = upscalingWindow(part, size);
  const { graph, input, out } = recordUpscaler(part, window);
  const program = await graph.compile(signal);
  const factor = scale * shuffle;
  try {
    const decoded: { tile: Tile; data: Uint8Array }[] = [];
    const tiles = tilesOf(size, window, OVERLAP);
    for (const tile of tiles) {
      writeFloats(device, input, fold(page, tile, shuffle));
      program.run();
      const data = new Uint8Array(
        await readTensor(device, out, signal),
        0,
        tile.width * tile.height * factor * factor * 4,
      );
      for (let i = 3; i < data.length; i += 4) {
        if (data[i] === 0) throw new GpuError("The enlarged picture holds NaN or Inf values. Try --type f32.");
      }
      decoded.push({ tile, data });
      onProgress(decoded.length, tiles.length);
    }
    const whole = { width: size.width * factor, height: size.height * factor };
    const data = decoded.length === 1 ? decoded[0].data : blendTiles(decoded, size.width, size.height, factor, OVERLAP);
    return cropped({ ...whole, data }, 0, 0, width, height);
  } finally {
    program.destroy();
  }
}

/** The size in squares of pixels that are folded into channels. */
function folded({ height, width }: Window, shuffle: number): Window {
  return { height: Math.ceil(height / shuffle), width: Math.ceil(width / shuffle) };
}

function upscalingWindow(part: Part<RrdbConfig>, size: Window): Window {
  const { shuffle } = part.network;
  const whole = Math.max(size.height, size.width);
  const side = whole * shuffle <= LARGEST ? whole : TILE / shuffle;
  return fittingWindow(size, side, (window) => recordUpscaler(part, window));
}

function recordUpscaler({ network, weights }: Part<RrdbConfig>, window: Window) {
  const graph = new Graph(weights.device, "upscaler", weights.precision);
  const input = graph.input("picture", [1, window.height, window.width, padChannels(network.inChannels)]);
  const out = graph.output(pixels(graph, rrdbnet(graph, weights, network, input), 0));
  return { graph, input, out };
}

/** Pixels of a tile in 0 … 1, squares of them folded into channels as torch's pixel_unshuffle does. */
function fold({ width, data }: Picture, tile: Tile, side: number): Float32Array {
  const channels = padChannels(3 * side * side);
  const out = new Float32Array(tile.width * tile.height * channels);
  for (let y = 0; y < tile.height * side; y++) {
    for (let x = 0; x < tile.width * side; x++) {
      const from = ((tile.y * side + y) * width + tile.x * side + x) * 4;
      const to = (Math.floor(y / side) * tile.width + Math.floor(x / side)) * channels;
      const place = (y % side) * side + x % side;
      for (let c = 0; c < 3; c++) out[to + c * side * side + place] = data[from + c] / 255;
    }
  }
  return out;
}
