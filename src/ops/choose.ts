/**
 * Which kernel, tile and waves serve an op, a shape and a class of device: all such choices, as tables. A variant has a
 * name, by which a device can be made to use it (`Device.forced`); a class of device tries its variants from the top
 * and takes the first that serves the shape.
 *
 * @module
 */
import type { Device, DeviceClass } from "../gpu/device.ts";

/** A product or convolution. */
export interface MatmulTile {
  /** `matmul`: groups of 8 lanes on their own; `matmul_tile`: workgroups of 64 threads that share their tiles. */
  kernel: "matmul" | "matmul_tile";
  /** Rows of a group of lanes or of a thread. Every row is unrolled code to compile, so sizes are few. */
  rows: number;
  /** Groups of 8 lanes in a workgroup. */
  waves: number;
  /** Quads of channels that a workgroup shares at a time. */
  chunk: number;
}

/**
 * Products: lanes for software adapters, which run 8 of them at a time, tiles for GPUs. A tile that is forced may name
 * the number of parts that it cuts the input channels into: "tile 8 / 3".
 */
export const MATMUL = {
  "lanes 4": { kernel: "matmul", rows: 4, waves: 1, chunk: 8 },
  "lanes 8": { kernel: "matmul", rows: 8, waves: 1, chunk: 8 },
  "lanes 16": { kernel: "matmul", rows: 16, waves: 1, chunk: 8 },
  "tile 4": { kernel: "matmul_tile", rows: 4, waves: 8, chunk: 8 },
  "tile 8": { kernel: "matmul_tile", rows: 8, waves: 8, chunk: 4 },
} as const satisfies Record<string, MatmulTile>;

/** Attention. */
export interface AttentionTile {
  /**
   * `attention`: a lane owns queries; `attention_wide`: the 8 lanes of a group split the channels of a head;
   * `attention_tile`: workgroups of 64 threads that share keys and values.
   */
  kernel: "attention" | "attention_wide" | "attention_tile";
  /** Serves heads of up to this many channels … */
  upToWidth: number;
  /** … that are a multiple of this. */
  multipleOf: number;
  /** Threads or lanes that split the channels of a head. */
  parts: number;
  /** Queries of a lane, or of those that split a head. */
  queries: number;
  /** Groups of 8 lanes in a workgroup. */
  waves: number;
  /** Keys in workgroup memory, and keys a turn. */
  block: number;
  keys: number;
}

const lanes = { kernel: "attention", multipleOf: 4, parts: 1, waves: 1, block: 8, keys: 8 } as const;
const tile = { kernel: "attention_tile", waves: 8 } as const;

/** Attention: lanes for software adapters, tiles for GPUs, without spilled registers on any head of SD and SDXL. */
export const ATTENTION = {
  "lanes 2": { ...lanes, upToWidth: 40, queries: 2 },
  "lanes 1": { ...lanes, upToWidth: 64, queries: 1 },
  "lanes any": { ...lanes, upToWidth: Infinity, queries: 1 },
  "wide": { ...lanes, kernel: "attention_wide", upToWidth: Infinity, multipleOf: 32, parts: 8, queries: 4 },
  "tile 40": { ...tile, upToWidth: 40, multipleOf: 4, parts: 1, queries: 2, block: 32, keys: 8 },
  "tile 64": { ...tile, upToWidth: 64, multipleOf: 8, parts: 2, queries: 3, block: 16, keys: 8 },
  "tile 80": { ...tile, upToWidth: 80, multipleOf: 8, parts: 2, queries: 2, block: 12, keys: 12 },
  "tile 160": { ...tile, upToWidth: 160, multipleOf: 16, parts: 4, queries: 2, block: 8, keys: 8 },
  "tile 512": { ...tile, upToWidth: 512, multipleOf: 32, parts: 8, queries: 1, block: 4, keys: 4 },
} as const satisfies Record<string, AttentionTile>;

/** The rest: elementwise and norms. */
export interface NormTile {
  /** Rows of LayerNorm that a group of 8 lanes owns. */
  rows: number;
  waves: number;
  /** Strips that GroupNorm cuts an entry into, unless their rows are fewer than 16, or more than so many. */
  strips: number;
  longest: number;
  /** Threads that join the strips. */
  threads: number;
  /** GroupNorm in one kernel: of entries of up to so many rows, by so many threads, each loading so many rows ahead. */
  whole: { rows: number; threads: number; ahead: number };
}

interface Choices {
  matmul(shape: ProductShape): keyof typeof MATMUL;
  attention: readonly (keyof typeof ATTENTION)[];
  norm: NormTile;
  /**
   * Channels in times channels out that Winograd's transform pays for, with at least 64 on either side: below, what it
   * adds to loads and stores is more than it saves; beyond, pictures are small, and 16 weights to read where there were
   * 9 cost more. `strip` is the MiB of its largest intermediate tensor: larger pictures are convolved in strips of
   * tiles.
   */
  winograd: { from: number; to: number; strip: number };
}

const GPU: Choices = {
  matmul: (shape) => shortest(shape).name,
  attention: ["tile 40", "tile 64", "tile 80", "tile 160", "tile 512", "wide", "lanes any"],
  norm: { rows: 4, waves: 4, strips: 64, longest: 64, threads: 64, whole: { rows: 4096, threads: 256, ahead: 4 } },
  winograd: { from: 128 * 128, to: 512 * 512, strip: 64 },
};

// Lanes that exchange values by shuffles have to win a measurement first: where a shuffle is one instruction a value,
// they lose.
const CHOICES: Record<DeviceClass, Choices> = {
  software: {
    matmul: ({ rows }) => rows <= 4 ? "lanes 4" : rows <= 8 ? "lanes 8" : "lanes 16",
    attention: ["lanes 2", "lanes 1", "wide", "lanes any"],
    norm: { rows: 4, waves: 1, strips: 8, longest: Infinity, threads: 8, whole: { rows: 4096, threads: 8, ahead: 1 } },
    winograd: { from: 64 * 64, to: 1280 * 960, strip: 16 },
  },
  workgroup: GPU,
  subgroup: GPU,
};

/** Shape of a product: rows, panels of 64 columns, quads of input channels, taps of a convolution. */
export interface ProductShape {
  rows: number;
  panels: number;
  depth: number;
  taps: number;
}

/**
 * The tile for a product, and the number of parts that its input channels are cut into.
 * @param panel columns of a panel; products whose taps are no sum (Winograd's) are never cut
 */
export function matmulTile(device: Device, shape: ProductShape, panel: number): MatmulTile & { slices: number } {
  const [forced, slices] = device.forced.get("matmul")?.split(" / ") ?? [];
  const name = forced as keyof typeof MATMUL ?? CHOICES[device.kind].matmul(shape);
  const tile = MATMUL[name];
  if (tile.kernel === "matmul" || shape.taps === 16) return { ...tile, slices: 1 };
  if (panel !== 64) throw new Error(`Tiles are for panels of 64 columns, not ${panel}.`);
  return { ...tile, slices: slices ? Number(slices) : shortest(shape, name).slices };
}

/** Strips that GroupNorm cuts the rows of an entry into: long enough to be worth a partial result. */
export function normStrips(device: Device, rows: number): number {
  const { strips, longest } = normTile(device);
  return Math.max(1, Math.min(strips, Math.floor(rows / 16)), Math.ceil(rows / longest));
}

/**
 * How GroupNorm is done in one kernel, if it is: by workgroups that own whole quads.
 * @param shape rows of each of the batch's entries, channels, and channels of a group
 */
export function wholeNorm(
  device: Device,
  { rows, batch, channels, width }: Record<"rows" | "batch" | "channels" | "width", number>,
): { threads: number; own: number; ahead: number } | undefined {
  const { whole } = normTile(device);
  const groups = width % 4 === 0 ? 1 : width % 2 === 0 ? 2 : 4;
  const own = groups * width / 4;
  const threads = Math.max(whole.threads, 2 ** Math.ceil(Math.log2(own)));
  const forced = device.forced.get("norm");
  const fits = channels % (groups * width) === 0 && threads <= 256;
  const pays = rows <= whole.rows && batch * channels / (4 * own) >= 4;
  return fits && (forced ? forced === "whole" : pays) ? { threads, own, ahead: whole.ahead } : undefined;
}

/** Columns of a panel for a weight of so many: software adapters waste less on narrow ones. */
export function panelWidth(device: Device, columns: number): number {
  const widths = device.textures ? [8, 16, 32] : [];
  return widths.find((width) => columns <= width) ?? 64;
}

/** Whether a 3×3 convolution at stride 1 with these channels is better done by Winograd's transform. */
export function usesWinograd(device: Device, inChannels: number, outChannels: number): boolean {
  const forced = device.forced.get("conv3x3");
  if (forced) return forced === "winograd";
  const { from, to } = CHOICES[device.kind].winograd;
  const product = inChannels * outChannels;
  return Math.min(inChannels, outChannels) >= 64 && product >= from && product <= to;
}

/** Bytes of the largest intermediate tensor of Winograd's transform. */
export function winogradStrip(device: Device): number {
  return Math.min(CHOICES[device.kind].winograd.strip * 2 ** 20, device.maxBinding);
}

/** The tile for heads of `width` channels, a multiple of 4. */
export function attentionTile(device: Device, width: number): AttentionTile {
  const forced = device.forced.get("attention") as keyof typeof ATTENTION;
  const names = forced ? [forced] : CHOICES[device.kind].attention;
  const memory = device.gpu.limits.maxComputeWorkgroupStorageSize;
  return names.map((name): AttentionTile => ATTENTION[name]).find((tile) =>
    width <= tile.upToWidth && width % tile.multipleOf === 0 && workgroupBytes(tile, width) <= memory
  )!;
}

/** Workgroup memory of attention_tile.wgsl: keys and values in f32, rows of odd length, and the parts of scores. */
function workgroupBytes({ kernel, parts, queries, block, keys }: AttentionTile, width: number): number {
  if (kernel !== "attention_tile") return 0;
  return 2 * block * parts * (width / 4 / parts | 1) * 16 + (parts > 1 ? queries * keys / 4 * 65 * 16 : 0);
}

/** The tile for norms. */
export function normTile(device: Device): NormTile {
  return CHOICES[device.kind].norm;
}

/** Tiles of matmul_tile.wgsl with the share of multiply-adds in their inner loops (docs/speed.md). */
const SHARES = [["tile 8", 0.82], ["tile 4", 0.78]] as const;

/** SIMD units of the GPUs that tiles are chosen for: WebGPU does not tell how many there are. */
const UNITS = [144, 512];

/**
 * Slices have to take nearly a quarter off the time on each: they start one more dispatch, which waits for the first,
 * and move sums.
 */
const SLICED = 1.3 ** UNITS.length;

/**
 * The tile, and the number of slices, that take the shortest time on GPUs of {@linkcode UNITS}: whole rounds of one
 * workgroup on each unit, and for slices a further dispatch that reads what they have written. Taps that are no sum
 * (Winograd's 16) are planes.
 * @param only the one tile to choose slices for
 */
function shortest({ rows, panels, depth, taps }: ProductShape, only?: keyof typeof MATMUL) {
  const [planes, steps] = taps === 16 ? [16, 1] : [1, taps];
  let best: { name: keyof typeof MATMUL; slices: number } = { name: "tile 8", slices: 1 };
  let least = Infinity;
  for (const [name, share] of SHARES) {
    if (only && only !== name) continue;
    const tileRows = 8 * MATMUL[name].rows;
    for (const slices of [1, 2, 3, 4, 6, 8, 12, 16]) {
      if (slices > 1 && (planes > 1 || depth * steps < 32 * slices)) break;
      const workgroups = Math.ceil(rows / tileRows) * panels * planes * slices;
      // Cycles of a unit that does 32 multiply-adds in one: 64 columns of the tile's rows, all channels of a slice.
      const work = 64 * tileRows * Math.ceil(depth / slices) * 4 * steps / 32 / share;
      const join = (units: number) => slices > 1 ? 16000 + 8 * rows * panels * 64 * slices / units : 0;
      const time = (units: number) => Math.ceil(workgroups / units) * work + join(units);
      const cost = UNITS.reduce((product, units) => product * time(units), slices > 1 ? SLICED : 1);
      if (cost < least) [least, best] = [cost, { name, slices }];
    }
  }
  return best;
}
