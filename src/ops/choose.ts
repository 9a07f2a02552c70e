/**
 * Which kernel, tile and waves serve an op, a shape and a class of device: all such choices, as tables. Rows are tried from the
 * top; the first whose bounds hold serves.
 *
 * @module
 */
import type { Device, DeviceClass } from "../gpu/device.ts";

/** A product or convolution: the tile of one group of 8 lanes. */
export interface MatmulTile {
  /** Serves products of up to this many rows. */
  upToRows: number;
  /** Rows of a tile; its columns are one panel. Every row is unrolled code to compile, so sizes are few. */
  rows: number;
  /** Groups of 8 lanes in a workgroup. */
  waves: number;
}

/** Attention: the tile of one group of 8 lanes. */
export interface AttentionTile {
  /** Serves heads of up to this many channels … */
  upToWidth: number;
  /** … that are a multiple of this. */
  multipleOf: number;
  /** `attention`: a lane owns queries; `attention_wide`: the lanes split the channels of a head. */
  kernel: "attention" | "attention_wide";
  /** Queries of a lane, or of a group where lanes split channels. */
  queries: number;
  waves: number;
}

/** The rest: elementwise and norms. */
export interface NormTile {
  /** Rows of LayerNorm that a group of 8 lanes owns. */
  rows: number;
  waves: number;
  /** Most strips that GroupNorm cuts an entry into. */
  strips: number;
}

// A software adapter runs 8 lanes at a time, a GPU 32 or 64: there, four groups fill a subgroup.
const TILES: Record<DeviceClass, { matmul: MatmulTile[]; attention: AttentionTile[]; norm: NormTile }> = {
  software: {
    matmul: [
      { upToRows: 8, rows: 4, waves: 1 },
      { upToRows: Infinity, rows: 16, waves: 1 },
    ],
    attention: [
      { upToWidth: 40, multipleOf: 4, kernel: "attention", queries: 2, waves: 1 },
      { upToWidth: 64, multipleOf: 4, kernel: "attention", queries: 1, waves: 1 },
      { upToWidth: Infinity, multipleOf: 32, kernel: "attention_wide", queries: 4, waves: 1 },
      { upToWidth: Infinity, multipleOf: 4, kernel: "attention", queries: 1, waves: 1 },
    ],
    norm: { rows: 4, waves: 1, strips: 8 },
  },
  workgroup: {
    matmul: [
      { upToRows: 8, rows: 4, waves: 4 },
      { upToRows: Infinity, rows: 16, waves: 4 },
    ],
    attention: [
      { upToWidth: 40, multipleOf: 4, kernel: "attention", queries: 2, waves: 4 },
      { upToWidth: 64, multipleOf: 4, kernel: "attention", queries: 1, waves: 4 },
      { upToWidth: Infinity, multipleOf: 32, kernel: "attention_wide", queries: 4, waves: 4 },
      { upToWidth: Infinity, multipleOf: 4, kernel: "attention", queries: 1, waves: 4 },
    ],
    norm: { rows: 4, waves: 4, strips: 64 },
  },
  get subgroup() {
    return this.workgroup; // the same tiles: lanes exchange values by shuffles instead
  },
};

/** The tile for a product of `rows` rows. */
export function matmulTile(device: Device, rows: number): MatmulTile {
  return TILES[device.kind].matmul.find((tile) => rows <= tile.upToRows)!;
}

/** The tile for heads of `width` channels, a multiple of 4. */
export function attentionTile(device: Device, width: number): AttentionTile {
  return TILES[device.kind].attention.find((tile) => width <= tile.upToWidth && width % tile.multipleOf === 0)!;
}

/** The tile for norms. */
export function normTile(device: Device): NormTile {
  return TILES[device.kind].norm;
}
