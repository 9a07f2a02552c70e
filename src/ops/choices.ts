/**
 * What there is to choose from (choose.ts, choose_tile.ts), as a table for each class of device, and what trying the
 * kernels on a device has shown. A variant has a name, by which a device can be made to use it (`Device.forced`).
 *
 * @module
 */
import type { Device, DeviceClass } from "../gpu/device.ts";
import { type AttentionName, type MatmulName, variantName } from "./variants.ts";

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
  /**
   * GroupNorm in one kernel: of entries of up to so many rows, by workgroups of so many threads that own up to so many
   * quads, each thread loading so many rows ahead.
   */
  whole: { rows: number; threads: number; own: number; ahead: number };
}

/** How the GPUs that tiles are chosen for are filled: WebGPU does not tell how many units there are. */
export interface Fill {
  /** Units that take workgroups: of a small GPU and of a large one. */
  units: readonly number[];
  /** Multiply-adds of a unit in one of its cycles, with the fastest tile. */
  products: number;
  /** Rounds of workgroups by which a unit is late: the first waits for memory, with nothing to do beside it. */
  lead: number;
  /**
   * Cycles of the dispatch that joins slices, which waits for them, and those for each number of theirs, on one unit.
   */
  join: number;
  moved: number;
  /** Slices have to be faster by so much, on all these GPUs together. */
  margin: number;
}

interface Choices {
  /** Products by lanes, or by tiles of matmul_tile.wgsl: of each size the variants with their speeds, in any unit. */
  matmul: "lanes" | { tiles: readonly (readonly (readonly [name: MatmulName, speed: number])[])[] };
  fill: Fill;
  attention: readonly AttentionName[];
  norm: NormTile;
  /**
   * Channels in times channels out that Winograd's transform pays for, with at least `least` on either side: below,
   * what it adds to loads and stores is more than it saves; beyond, pictures are small, and 16 or 36 weights to read
   * where there were 9 cost more. Where the result has up to `whole` channels, one kernel does all of it, which pays
   * from `least` on; wider ones would make the patches too often. Three kernels do it `by` tiles of 2×2 or 4×4 results;
   * `strip` is the MiB of the largest tensor between them: larger pictures are convolved in strips of tiles.
   */
  winograd: { least: number; whole: number; from: number; to: number; by: 2 | 4; strip: number };
}

// Speeds are the products an instruction of the inner loops (docs/speed.md), units SIMDs. Sums of halfs have to win a
// measurement first: they are less exact, and some GPUs do not make two at a time of them.
const GPU: Choices = {
  matmul: {
    tiles: [
      [["tile 8", 0.82], ["tile 8 halfs", 1.47], ["tile 8 ahead", 0.82]],
      [["tile 4", 0.78], ["tile 4 halfs", 1.37], ["tile 4 ahead", 0.78]],
    ],
  },
  fill: { units: [144, 512], products: 26, lead: 0, join: 16000, moved: 8, margin: 1.7 },
  attention: ["tile 40", "tile 64", "tile 80", "tile 160", "tile 512", "wide", "lanes any"],
  norm: {
    rows: 4,
    waves: 4,
    strips: 64,
    longest: 64,
    threads: 64,
    whole: { rows: 4096, threads: 256, own: 256, ahead: 4 },
  },
  winograd: { least: 64, whole: 0, from: 128 * 128, to: 512 * 512, by: 2, strip: 48 },
};

// As an H200 has shown (bench/gpu/h200.json): workgroup memory is what f32 tiles wait for, half of which halfs need;
// more registers are better than to wait, two queries a thread better than three and fewer threads; and Winograd pays
// at any depth. Units are multiprocessors.
const NVIDIA: Choices = {
  ...GPU,
  matmul: {
    tiles: [
      [["tile 4 halfs ahead", 50], ["tile 4 halfs", 49], ["tile 4 ahead", 40], ["tile 4", 32]],
      [["tile 8 ahead", 44], ["tile 8", 39]],
    ],
  },
  fill: { units: [36, 132], products: 96, lead: 1.5, join: 14000, moved: 0.5, margin: 1.06 },
  attention: ["tile 40", "tile 64 by 4", "tile 80 by 8", "tile 160", "tile 512", "wide", "lanes any"],
  winograd: { ...GPU.winograd, to: 2560 * 1280 },
};

/** What WebGPU calls the vendor: its PCI number, as wgpu tells it, or its name. */
const OF_NVIDIA = /^(4318|0x10de|nvidia)$/i;

// Lanes that exchange values by shuffles have to win a measurement first: where a shuffle is one instruction a value,
// they lose.
const CHOICES: Record<DeviceClass, Choices> = {
  software: {
    matmul: "lanes",
    fill: GPU.fill,
    attention: ["lanes 4", "lanes 2", "lanes 1", "lanes 1 of 512", "wide", "lanes any"],
    norm: {
      rows: 4,
      waves: 1,
      strips: 8,
      longest: Infinity,
      threads: 8,
      whole: { rows: 4096, threads: 8, own: 8, ahead: 1 },
    },
    winograd: { least: 32, whole: 192, from: 192 * 192, to: 1280 * 960, by: 4, strip: 16 },
  },
  workgroup: GPU,
  subgroup: GPU,
};

/** What a device chooses from. */
export function choicesOf({ kind, summary }: Device): Choices {
  return kind !== "software" && OF_NVIDIA.test(summary.vendor) ? NVIDIA : CHOICES[kind];
}

/** Whether a variant computes rightly on `device`, as far as is known. */
export function isRight(device: Device, op: string, name: string): boolean {
  return !device.tuning?.wrong.includes(variantName(op, name));
}

/** The speed of a variant at a shape, where it was timed on `device`. */
export function speedOf(device: Device, op: string, name: string, at: number): number | undefined {
  return device.tuning?.speeds[`${variantName(op, name)} at ${at}`];
}

/** Where tuning times variants: rows of a product, channels of 3×3 convolutions, widths of heads, rows of a norm. */
export const TIMED = { matmul: 2048, conv3x3: [128, 320, 640], attention: [40, 64, 80, 160, 512], norm: 4096 } as const;

/** A variant has to be faster by so much to take another's place. */
export const MARGIN = 1.05;

/** The first, unless another was timed to be clearly faster: trying may have ended before the first was timed. */
export function fastest<T>(names: readonly T[], speed: (name: T) => number | undefined): T | undefined {
  return names.reduce<T | undefined>((a, b) => {
    const [before, now] = [a === undefined ? undefined : speed(a), speed(b)];
    return a === undefined || before && now && now > MARGIN * before ? b : a;
  }, undefined);
}
