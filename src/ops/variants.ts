/**
 * The variants of kernels that ops choose from (choose.ts), by name.
 *
 * @module
 */
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
  /** Whether the next of them are asked for before these are multiplied: registers for time. */
  ahead?: boolean;
  /**
   * Whether the products of a chunk are summed in f16, where activations are, and the chunks' sums in f32: half the
   * workgroup memory, for roundings that do not grow with the number of channels. For f16 only.
   */
  halfs?: boolean;
}

/**
 * Products: lanes for software adapters, which run 8 of them at a time, tiles for GPUs. A tile that is forced may name
 * the number of parts that it cuts the input channels into: "tile 8 / 3".
 */
export const MATMUL = {
  "lanes 4": { kernel: "matmul", rows: 4, waves: 1, chunk: 8 },
  "lanes 8": { kernel: "matmul", rows: 8, waves: 1, chunk: 8 },
  "lanes 16": { kernel: "matmul", rows: 16, waves: 1, chunk: 8 },
  "lanes 32": { kernel: "matmul", rows: 32, waves: 1, chunk: 8 },
  "tile 4": { kernel: "matmul_tile", rows: 4, waves: 8, chunk: 8 },
  "tile 8": { kernel: "matmul_tile", rows: 8, waves: 8, chunk: 4 },
  "tile 4 ahead": { kernel: "matmul_tile", rows: 4, waves: 8, chunk: 4, ahead: true },
  "tile 8 ahead": { kernel: "matmul_tile", rows: 8, waves: 8, chunk: 4, ahead: true },
  "tile 4 halfs": { kernel: "matmul_tile", rows: 4, waves: 8, chunk: 8, halfs: true },
  "tile 8 halfs": { kernel: "matmul_tile", rows: 8, waves: 8, chunk: 8, halfs: true },
  "tile 4 halfs ahead": { kernel: "matmul_tile", rows: 4, waves: 8, chunk: 8, ahead: true, halfs: true },
} as const satisfies Record<string, MatmulTile>;

/** Name of a variant of products. */
export type MatmulName = keyof typeof MATMUL;

/** Attention. */
export interface AttentionTile {
  /**
   * `attention`: a lane owns queries; `attention_wide`: the 8 lanes of a group split the channels of a head;
   * `attention_tile`: workgroups of 64 threads that share keys and values.
   */
  kernel: "attention" | "attention_wide" | "attention_tile";
  /** Serves heads of at least, and up to, this many channels … */
  fromWidth: number;
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
  /** Numbers in all queries from which what it saves is worth the longer time to compile it. */
  worthFrom: number;
}

const any = { fromWidth: 0, multipleOf: 4, worthFrom: 0 } as const;
const lanes = { ...any, kernel: "attention", parts: 1, waves: 1, block: 8, keys: 8 } as const;
const tile = { ...any, kernel: "attention_tile", waves: 8 } as const;

/** Attention: lanes for software adapters, tiles for GPUs, without spilled registers on any head of SD and SDXL. */
export const ATTENTION = {
  "lanes 2": { ...lanes, upToWidth: 80, queries: 2 },
  "lanes 4": { ...lanes, fromWidth: 40, upToWidth: 80, queries: 4, worthFrom: 3e5 },
  "lanes 1": { ...lanes, fromWidth: 84, upToWidth: 160, queries: 1, worthFrom: 1e5 },
  "lanes 1 of 512": { ...lanes, fromWidth: 164, upToWidth: 512, queries: 1, worthFrom: 2e6 },
  "lanes any": { ...lanes, upToWidth: Infinity, queries: 1 },
  "wide": { ...lanes, kernel: "attention_wide", upToWidth: Infinity, multipleOf: 32, parts: 8, queries: 4 },
  "tile 40": { ...tile, upToWidth: 40, multipleOf: 4, parts: 1, queries: 2, block: 32, keys: 8 },
  "tile 64": { ...tile, upToWidth: 64, multipleOf: 8, parts: 2, queries: 3, block: 16, keys: 8 },
  "tile 64 by 4": { ...tile, upToWidth: 64, multipleOf: 8, parts: 2, queries: 2, block: 16, keys: 4 },
  "tile 80 by 8": { ...tile, upToWidth: 80, multipleOf: 8, parts: 2, queries: 2, block: 16, keys: 8 },
  "tile 80": { ...tile, upToWidth: 80, multipleOf: 8, parts: 2, queries: 2, block: 12, keys: 12 },
  "tile 160": { ...tile, upToWidth: 160, multipleOf: 16, parts: 4, queries: 2, block: 8, keys: 8 },
  "tile 512": { ...tile, upToWidth: 512, multipleOf: 32, parts: 8, queries: 1, block: 4, keys: 4 },
} as const satisfies Record<string, AttentionTile>;

/** Name of a variant of attention. */
export type AttentionName = keyof typeof ATTENTION;

/** As tuning names a variant of an op. */
export function variantName(op: string, name: string): string {
  return `${op} ${name}`;
}
