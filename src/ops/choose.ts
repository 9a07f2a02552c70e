/**
 * Which kernel, tile and waves serve an op, a shape and a class of device: all such choices, as tables. A variant has a
 * name, by which a device can be made to use it (`Device.forced`); a class of device tries its variants from the top
 * and takes the first that serves the shape.
 *
 * @module
 */
import type { Device, DeviceClass } from "../gpu/device.ts";
import { ATTENTION, type AttentionTile, MATMUL, type MatmulTile, variantName } from "./variants.ts";

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
  /**
   * Products by lanes, or by tiles of matmul_tile.wgsl: of each size the variants, the likeliest first, and its speed
   * in any unit.
   */
  matmul: "lanes" | readonly (readonly [names: readonly (keyof typeof MATMUL)[], speed: number])[];
  attention: readonly (keyof typeof ATTENTION)[];
  norm: NormTile;
  /**
   * Channels in times channels out that Winograd's transform pays for, with at least `least` on either side: below,
   * what it adds to loads and stores is more than it saves; beyond, pictures are small, and 16 weights to read where
   * there were 9 cost more. Where the result has up to `whole` channels, one kernel does all of it, which pays from
   * `least` on; wider ones would make the patches too often. `strip` is the MiB of the largest intermediate tensor of
   * three kernels: larger pictures are convolved in strips of tiles.
   */
  winograd: { least: number; whole: number; from: number; to: number; strip: number };
}

// Speeds are the share of multiply-adds in the inner loops (docs/speed.md).
const GPU: Choices = {
  matmul: [[["tile 8", "tile 8 ahead"], 0.82], [["tile 4", "tile 4 ahead"], 0.78]],
  attention: ["tile 40", "tile 64", "tile 80", "tile 160", "tile 512", "wide", "lanes any"],
  norm: { rows: 4, waves: 4, strips: 64, longest: 64, threads: 64, whole: { rows: 4096, threads: 256, ahead: 4 } },
  winograd: { least: 64, whole: 0, from: 128 * 128, to: 512 * 512, strip: 48 },
};

// As an H200 has shown (bench/gpu/h200.json): more registers are better than to wait, two queries a thread are better
// than three and fewer threads, and Winograd pays at any depth.
const NVIDIA: Choices = {
  ...GPU,
  matmul: [[["tile 8 ahead", "tile 8"], 0.82], [["tile 4 ahead", "tile 4"], 0.67]],
  attention: ["tile 40", "tile 80", "tile 64", "tile 160", "tile 512", "wide", "lanes any"],
  winograd: { ...GPU.winograd, to: 2560 * 1280 },
};

/** What WebGPU calls the vendor: its PCI number, as wgpu tells it, or its name. */
const OF_NVIDIA = /^(4318|0x10de|nvidia)$/i;

// Lanes that exchange values by shuffles have to win a measurement first: where a shuffle is one instruction a value,
// they lose.
const CHOICES: Record<DeviceClass, Choices> = {
  software: {
    matmul: "lanes",
    attention: ["lanes 4", "lanes 2", "wide", "lanes any"],
    norm: { rows: 4, waves: 1, strips: 8, longest: Infinity, threads: 8, whole: { rows: 4096, threads: 8, ahead: 1 } },
    winograd: { least: 32, whole: 192, from: 192 * 192, to: 1280 * 960, strip: 16 },
  },
  workgroup: GPU,
  subgroup: GPU,
};

function choicesOf({ kind, summary }: Device): Choices {
  return kind !== "software" && OF_NVIDIA.test(summary.vendor) ? NVIDIA : CHOICES[kind];
}

/** Shape of a product: rows, panels of 64 columns, quads of input channels, taps of a convolution. */
export interface ProductShape {
  rows: number;
  panels: number;
  depth: number;
  taps: number;
}

/** Whether a variant computes rightly on `device`, as far as is known. */
function isRight(device: Device, op: string, name: string): boolean {
  return !device.tuning?.wrong.includes(variantName(op, name));
}

/** The speed of a variant at a shape, where it was timed on `device`. */
function speedOf(device: Device, op: string, name: string, at: number): number | undefined {
  return device.tuning?.speeds[`${variantName(op, name)} at ${at}`];
}

/** Where tuning times variants: rows of a product, channels of 3×3 convolutions, widths of heads, rows of a norm. */
export const TIMED = { matmul: 2048, conv3x3: [128, 320, 640], attention: [40, 64, 80, 160, 512], norm: 4096 } as const;

/** A variant has to be faster by so much to take another's place. */
const MARGIN = 1.05;

/**
 * The tile for a product, and the number of parts that its input channels are cut into.
 * @param panel columns of a panel; products whose taps are no sum (Winograd's) are never cut
 */
export function matmulTile(device: Device, shape: ProductShape, panel: number): MatmulTile & { slices: number } {
  const [forced, slices] = device.forced.get("matmul")?.split(" / ") ?? [];
  const shares = sharesOf(device);
  const { rows } = shape;
  const work = workOf(shape);
  const longest = work >= LONGEST && choicesOf(device).matmul === "lanes";
  const lanes = rows <= 8 || panel < 64 || work < LONG ? "lanes 8" : longest ? "lanes 32" : "lanes 16";
  const name = forced as keyof typeof MATMUL ?? (usesLanes(device, shares) ? lanes : shortest(shape, shares).name);
  const tile = MATMUL[name];
  if (tile.kernel === "matmul" || shape.taps === 16) return { ...tile, slices: 1 };
  if (panel !== 64) throw new Error(`Tiles are for panels of 64 columns, not ${panel}.`);
  return { ...tile, slices: slices ? Number(slices) : shortest(shape, shares, name).slices };
}

/**
 * Multiply-adds from which 16 rows a lane, a sixth faster than 8, are worth three times the time to compile; narrow
 * panels, which wait for loads, gain less.
 */
const LONG = 8e7;

/** Those from which 32, a twelfth faster than 16, are worth three times the time again. */
const LONGEST = 3e9;

/** Multiply-adds of a product. */
function workOf({ rows, panels, depth, taps }: ProductShape): number {
  return rows * panels * 64 * depth * 4 * taps;
}

/** Tiles of matmul_tile.wgsl with their speeds, in any unit. */
type Shares = readonly (readonly [name: keyof typeof MATMUL, speed: number])[];

/**
 * The right variant of each size, as timed or as the table has it; others than the first only where they were timed.
 */
function sharesOf(device: Device): Shares {
  const { matmul } = choicesOf(device);
  if (matmul === "lanes") return [];
  const speed = (name: keyof typeof MATMUL) => speedOf(device, "matmul", name, TIMED.matmul);
  const right = matmul.flatMap(([names, share]) => {
    const known = names.filter((name, rank) => isRight(device, "matmul", name) && (rank === 0 || speed(name)));
    const name = fastest(known, speed);
    return name ? [[name, share] as const] : [];
  });
  const timed = right.map(([name]) => speed(name));
  if (timed.some((speed) => speed === undefined)) return right;
  const most = Math.max(...timed.map((speed) => speed!));
  return right.map(([name], i) => [name, timed[i]! / most * matmul[0][1]]);
}

/** The first, unless another was timed to be clearly faster: trying may have ended before the first was timed. */
function fastest<T>(names: readonly T[], speed: (name: T) => number | undefined): T | undefined {
  return names.reduce<T | undefined>((a, b) => {
    const [before, now] = [a === undefined ? undefined : speed(a), speed(b)];
    return a === undefined || before && now && now > MARGIN * before ? b : a;
  }, undefined);
}

/** The tiles that a device's products may be done by, the likeliest first, one of each size before their others. */
export function matmulTiles(device: Device): (keyof typeof MATMUL)[] {
  const { matmul } = choicesOf(device);
  if (matmul === "lanes") return [];
  return [0, 1].flatMap((rank) => matmul.map(([names]) => names[rank]));
}

/**
 * Whether products are done by lanes: on software adapters, where it was timed to be faster, and where no tile is
 * right.
 */
function usesLanes(device: Device, shares: Shares): boolean {
  if (choicesOf(device).matmul === "lanes") return true;
  if (!isRight(device, "matmul", "lanes 16")) return false;
  const lanes = speedOf(device, "matmul", "lanes 16", TIMED.matmul) ?? 0;
  return shares.every(([name]) => lanes > MARGIN * (speedOf(device, "matmul", name, TIMED.matmul) ?? Infinity));
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
  const [one, three] = ["whole", "strips"].map((name) => speedOf(device, "norm", name, TIMED.norm));
  const most = one && three && three > MARGIN * one ? whole.rows / 4 : whole.rows;
  const pays = isRight(device, "norm", "whole") && rows <= most && batch * channels / (4 * own) >= 4;
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
  if (forced) return forced !== "taps";
  const { least, whole, from, to } = choicesOf(device).winograd;
  if (Math.min(inChannels, outChannels) < least || !isRight(device, "conv3x3", "winograd")) return false;
  const product = inChannels * outChannels;
  const nearest = TIMED.conv3x3.reduce((a, b) => Math.abs(product - a * a) < Math.abs(product - b * b) ? a : b);
  const [winograd, taps] = ["winograd", "taps"].map((name) => speedOf(device, "conv3x3", name, nearest));
  if (winograd === undefined || taps === undefined) return (outChannels <= whole || product >= from) && product <= to;
  return product <= Math.max(to, LARGEST_TRANSFORMED) && winograd > MARGIN * taps;
}

/** Beyond, transformed weights take much of a device's memory, for layers that were not timed. */
const LARGEST_TRANSFORMED = 640 * 960;

/** The tile of winograd.wgsl, where that does all of a convolution; otherwise three kernels do. */
export function winogradTile(device: Device, outChannels: number): Pick<MatmulTile, "rows" | "waves"> | undefined {
  const forced = device.forced.get("conv3x3");
  const whole = forced === "winograd whole" || outChannels <= choicesOf(device).winograd.whole;
  return whole && forced !== "winograd in three" ? MATMUL["lanes 8"] : undefined;
}

/** Bytes of the largest intermediate tensor of Winograd's transform. */
export function winogradStrip(device: Device): number {
  return Math.min(choicesOf(device).winograd.strip * 2 ** 20, device.maxBinding);
}

/**
 * The tile for heads of `width` channels, a multiple of 4.
 * @param values numbers in all queries; as many as one likes by default
 */
export function attentionTile(device: Device, width: number, values = Infinity): AttentionTile {
  const forced = device.forced.get("attention") as keyof typeof ATTENTION;
  const names = forced ? [forced] : attentionVariants(device, width, values);
  const right = names.filter((name) => isRight(device, "attention", name));
  return ATTENTION[fastest(right, (name) => speedOf(device, "attention", name, width)) ?? names[0]];
}

/**
 * The variants that serve heads of `width` channels on a class of device, the likeliest first.
 * @param values numbers in all queries; as many as one likes by default
 */
export function attentionVariants(device: Device, width: number, values = Infinity): (keyof typeof ATTENTION)[] {
  const memory = device.gpu.limits.maxComputeWorkgroupStorageSize;
  return choicesOf(device).attention.filter((name) => {
    const tile: AttentionTile = ATTENTION[name];
    const serves = width >= tile.fromWidth && width <= tile.upToWidth && width % tile.multipleOf === 0;
    return serves && values >= tile.worthFrom && workgroupBytes(tile, width) <= memory;
  });
}

/** Workgroup memory of attention_tile.wgsl: keys and values in f32, rows of odd length, and the parts of scores. */
function workgroupBytes({ kernel, parts, queries, block, keys }: AttentionTile, width: number): number {
  if (kernel !== "attention_tile") return 0;
  return 2 * block * parts * (width / 4 / parts | 1) * 16 + (parts > 1 ? queries * keys / 4 * 65 * 16 : 0);
}

/** The tile for norms. */
export function normTile(device: Device): NormTile {
  return choicesOf(device).norm;
}

/** Where no tile is right, or one is forced where there are none. */
const SHARES: Shares = [["tile 8", 0.82], ["tile 4", 0.78]];

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
function shortest({ rows, panels, depth, taps }: ProductShape, shares: Shares, only?: keyof typeof MATMUL) {
  const [planes, steps] = taps === 16 ? [16, 1] : [1, taps];
  let best: { name: keyof typeof MATMUL; slices: number } = { name: "tile 8", slices: 1 };
  let least = Infinity;
  const known = shares.length ? shares : SHARES;
  for (
    const [name, share] of only ? [[only, known.find(([name]) => name === only)?.[1] ?? known[0][1]] as const] : known
  ) {
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
