/**
 * Which kernel, tile and waves serve an op, a shape and a class of device: all such choices, as tables. Rows are tried from the
 * top; the first whose bounds hold serves.
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
  /** Parts of the input channels that are summed apart. */
  slices: number;
}

/** Shape of a product: rows, panels of 64 columns, quads of input channels, taps of a convolution. */
export interface ProductShape {
  rows: number;
  panels: number;
  depth: number;
  taps: number;
}

/** Attention. */
export interface AttentionTile {
  /**
   * `attention`: a lane owns queries; `attention_wide`: the 8 lanes of a group split the channels of a head; `attention_tile`:
   * workgroups of 64 threads that share keys and values.
   */
  kernel: "attention" | "attention_wide" | "attention_tile";
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

/** A choice of attention, and the heads that it serves: of up to so many channels, a multiple of this. */
type AttentionRow = AttentionTile & { upToWidth: number; multipleOf: number };

/** The rest: elementwise and norms. */
export interface NormTile {
  /** Rows of LayerNorm that a group of 8 lanes owns. */
  rows: number;
  waves: number;
  /** Most strips that GroupNorm cuts an entry into. */
  strips: number;
}

// A software adapter runs 8 lanes at a time, a GPU 32 or 64: there, four groups fill a subgroup.
const TILES: Record<
  DeviceClass,
  { matmul: (shape: ProductShape) => MatmulTile; attention: AttentionRow[]; norm: NormTile }
> = {
  software: {
    matmul: ({ rows }) => ({ kernel: "matmul", rows: rows <= 8 ? 4 : 16, waves: 1, chunk: 8, slices: 1 }),
    attention: [
      { upToWidth: 40, multipleOf: 4, kernel: "attention", parts: 1, queries: 2, waves: 1, block: 8, keys: 8 },
      { upToWidth: 64, multipleOf: 4, kernel: "attention", parts: 1, queries: 1, waves: 1, block: 8, keys: 8 },
      {
        upToWidth: Infinity,
        multipleOf: 32,
        kernel: "attention_wide",
        parts: 8,
        queries: 4,
        waves: 1,
        block: 1,
        keys: 1,
      },
      { upToWidth: Infinity, multipleOf: 4, kernel: "attention", parts: 1, queries: 1, waves: 1, block: 8, keys: 8 },
    ],
    norm: { rows: 4, waves: 1, strips: 8 },
  },
  workgroup: {
    matmul: tileFor,
    attention: [
      { upToWidth: 40, multipleOf: 4, kernel: "attention_tile", parts: 1, queries: 2, waves: 8, block: 32, keys: 8 },
      { upToWidth: 80, multipleOf: 8, kernel: "attention_tile", parts: 2, queries: 2, waves: 8, block: 12, keys: 12 },
      { upToWidth: 160, multipleOf: 16, kernel: "attention_tile", parts: 4, queries: 2, waves: 8, block: 8, keys: 8 },
      { upToWidth: 512, multipleOf: 32, kernel: "attention_tile", parts: 8, queries: 1, waves: 8, block: 4, keys: 4 },
      {
        upToWidth: Infinity,
        multipleOf: 32,
        kernel: "attention_wide",
        parts: 8,
        queries: 4,
        waves: 4,
        block: 1,
        keys: 1,
      },
      { upToWidth: Infinity, multipleOf: 4, kernel: "attention", parts: 1, queries: 1, waves: 4, block: 8, keys: 8 },
    ],
    norm: { rows: 4, waves: 4, strips: 64 },
  },
  get subgroup() {
    return this.workgroup; // the same tiles: lanes exchange values by shuffles instead
  },
};

/** The tile for a product. */
export function matmulTile(device: Device, shape: ProductShape): MatmulTile {
  return TILES[device.kind].matmul(shape);
}

/** The tile for heads of `width` channels, a multiple of 4. */
export function attentionTile(device: Device, width: number): AttentionTile {
  return TILES[device.kind].attention.find((row) => width <= row.upToWidth && width % row.multipleOf === 0)!;
}

/** The tile for norms. */
export function normTile(device: Device): NormTile {
  return TILES[device.kind].norm;
}

/** Tiles of matmul_tile.wgsl: rows, chunk, and the share of multiply-adds in the inner loop (docs/speed.md). */
const TILE_SHAPES = [{ rows: 8, chunk: 4, share: 0.81 }, { rows: 4, chunk: 8, share: 0.78 }];

/** SIMD units of the GPUs that tiles are chosen for: WebGPU does not tell how many there are. */
const UNITS = [144, 512];

/**
 * The tile, and the number of slices, that take the shortest time on GPUs of {@linkcode UNITS}: whole rounds of one workgroup
 * on each unit, and for slices a further dispatch that reads what they have written.
 */
function tileFor({ rows, panels, depth, taps }: ProductShape): MatmulTile {
  let best: MatmulTile | undefined;
  let least = Infinity;
  for (const { share, ...tile } of TILE_SHAPES) {
    for (const slices of [1, 2, 3, 4, 6, 8, 12, 16]) {
      if (slices > 1 && depth * taps < 32 * slices) break;
      const workgroups = Math.ceil(rows / (8 * tile.rows)) * panels * slices;
      // Cycles of a unit that does 32 multiply-adds in one: 64 columns of 8·rows rows, all channels of a slice.
      const work = 64 * 8 * tile.rows * Math.ceil(depth / slices) * 4 * taps / 32 / share;
      const join = (units: number) => slices > 1 ? 16000 + 8 * rows * panels * 64 * slices / units : 0;
      const cost = UNITS.reduce((product, units) => product * (Math.ceil(workgroups / units) * work + join(units)), 1);
      if (cost < least) [least, best] = [cost, { kernel: "matmul_tile", ...tile, waves: 8, slices }];
    }
  }
  return best!;
}
