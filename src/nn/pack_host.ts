/**
 * The packing of shaders/pack.wgsl done on the host: for software adapters, where a plain loop is faster and needs no
 * kernel to be compiled, and for weights that are kept packed on disk.
 *
 * @module
 */
import type { Precision } from "../gpu/device.ts";
import { padChannels } from "../gpu/tensor.ts";
import { BYTES, toFloat32 } from "../formats/dtype.ts";
import { PackMemory } from "./pack_memory.ts";
import { panelCount, type Weight } from "../ops/weight.ts";
import type { Packable } from "../ops/pack.ts";

/** Why a matrix cannot be packed. */
export type Unpackable = "not finite" | "too large";

/** Elements of a packed weight. */
export function packedSize(weight: Weight): number {
  return panelCount(weight) * panelSize(weight);
}

/** A run of a matrix's panels. */
export interface Piece {
  weight: Weight;
  firstPanel: number;
  panels: number;
  /** Rows of the file that they hold. Of a gated weight: values, then as many gates. */
  rows: number;
  dtype: Packable;
}

/** Packs matrices, one at a time and piece by piece, in memory of its own. */
export class HostPacker {
  /** Where the bytes of a piece are read to. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** What is packed: [panel][tap][channel][columns of a panel]. */
  readonly out: Uint8Array<ArrayBuffer>;
  readonly #memory: PackMemory;
  /** Rows as they are packed, where files hold them otherwise. */
  readonly #rows: Uint8Array<ArrayBuffer>;
  /** A row for columns that no row of the file becomes. */
  readonly #zeros: Uint8Array<ArrayBuffer>;
  readonly #targets: Uint8Array<ArrayBuffer>;

  /**
   * @param pieces that will be packed
   * @param input bytes of the largest in the file
   * @param out bytes of the largest matrix
   */
  constructor(readonly precision: Precision, pieces: readonly Piece[], input: number, out: number) {
    const most = (of: (piece: Piece) => number) => pieces.reduce((most, piece) => Math.max(most, of(piece)), 0);
    const length = most(({ weight }) => rowLength(weight));
    const rows = precision === "f16" ? most(({ weight, rows }) => rows * rowLength(weight)) : 0;
    this.#memory = new PackMemory([input + 32, out, rows * 2 + 16, length * 2, length * 4]); // whole eights
    [this.input, this.out, this.#rows, this.#zeros, this.#targets] = this.#memory.regions;
  }

  /**
   * Packs the piece that the input holds: rows of in channels × taps numbers.
   * @param length bytes that it has
   * @returns what is wrong with it, if anything
   */
  pack(piece: Piece, length: number): Unpackable | undefined {
    const bytes = this.input.subarray(0, length);
    const { weight, dtype } = piece;
    const targets = targetsOf(weight, this.#targets);
    const finite = this.precision === "f16" ? this.#packHalfs(bytes, piece, targets) : packWords(
      new Uint32Array((weight.taps === 16 ? transformed(bytes, dtype) : toFloat32(bytes, dtype)).buffer as ArrayBuffer),
      targets,
      piece,
      new Uint32Array(this.out.buffer, this.out.byteOffset, this.out.length / 4),
    );
    if (finite) return undefined;
    return toFloat32(bytes, dtype).every(Number.isFinite) ? "too large" : "not finite";
  }

  #packHalfs(bytes: Uint8Array<ArrayBuffer>, piece: Piece, targets: Uint32Array<ArrayBuffer>): boolean {
    const { weight: { taps }, dtype } = piece;
    const isHalf = dtype === "F16";
    if (isHalf && taps === 16 && !this.#panels(bytes, piece, targets, "transformed")) return true;
    const rows = isHalf && taps !== 16 ? bytes : this.#converted(bytes, piece);
    if (!this.#panels(rows, piece, targets, "columns")) return true;
    // Only pieces with a half of 2 or more can hold one that is not finite. They are few, and are looked through again.
    const halfs = new Uint16Array(rows.buffer, rows.byteOffset, rows.length / 2);
    return !halfs.some((bits) => (bits & INFINITE_HALF) === INFINITE_HALF);
  }

  /** Rows of other types, or transformed in f32, as halfs. */
  #converted(bytes: Uint8Array<ArrayBuffer>, { weight: { taps }, dtype }: Piece): Uint8Array<ArrayBuffer> {
    const count = bytes.length / BYTES[dtype] * (taps === 16 ? 16 / 9 : 1);
    const rows = this.#rows.subarray(0, count * 2);
    const wide = dtype === "F32";
    if (taps !== 16 && (wide || dtype === "BF16") && !this.#memory.halfs(bytes, wide, rows)) return rows;
    const values = taps === 16 ? transformed(bytes, dtype) : toFloat32(bytes, dtype);
    new Float16Array(rows.buffer, rows.byteOffset, count).set(values);
    return rows;
  }

  /** Panel by panel from rows of halfs. @returns whether any of them is 2 or more */
  #panels(
    rows: Uint8Array<ArrayBuffer>,
    piece: Piece,
    targets: Uint32Array<ArrayBuffer>,
    how: "columns" | "transformed",
  ): boolean {
    const { weight: { panel }, firstPanel, panels } = piece;
    const panelBytes = panelSize(piece.weight) * 2;
    const rowBytes = rows.length / piece.rows;
    let large = false;
    for (let i = 0; i < panels; i++) {
      for (let j = 0; j < panel; j++) {
        const row = rowOf(i * panel + j, piece);
        this.#memory.rows[j] = row < 0 ? this.#zeros.byteOffset : rows.byteOffset + row * rowBytes;
      }
      const at = (firstPanel + i) * panelBytes;
      if (isPadded(piece.weight)) this.out.fill(0, at, at + panelBytes);
      large = this.#memory[how](panel / 8, targets, this.out.byteOffset + at) || large;
    }
    return large;
  }
}

/** Elements of a panel. */
function panelSize({ panel, taps, inChannels }: Weight): number {
  return panel * taps * padChannels(inChannels);
}

/** Whether panels have channels that the matrix does not. */
function isPadded({ inChannels }: Weight): boolean {
  return padChannels(inChannels) !== inChannels;
}

/** Numbers of a row as it is packed. */
function rowLength({ inChannels, taps }: Weight): number {
  return inChannels * taps;
}

/**
 * The nine taps of each pair of channels as the sixteen that they are transformed to: U = G·g·Gᵀ, down and then across.
 */
function transformed(bytes: Uint8Array<ArrayBuffer>, dtype: Packable): Float32Array {
  const taps = toFloat32(bytes, dtype);
  const out = new Float32Array(taps.length / 9 * 16);
  for (let from = 0, to = 0; from < taps.length; from += 9, to += 16) {
    for (let x = 0; x < 3; x++) {
      const top = taps[from + x], middle = taps[from + 3 + x], bottom = taps[from + 6 + x];
      const ends = top + bottom;
      out[to + x] = top;
      out[to + 4 + x] = 0.5 * (ends + middle);
      out[to + 8 + x] = 0.5 * (ends - middle);
      out[to + 12 + x] = bottom;
    }
    for (let y = to; y < to + 16; y += 4) {
      const middle = out[y + 1], right = out[y + 2];
      const ends = out[y] + right;
      out[y + 1] = 0.5 * (ends + middle);
      out[y + 2] = 0.5 * (ends - middle);
      out[y + 3] = right;
    }
  }
  return out;
}

/** The row of a piece that becomes this column of its panels; −1 where the matrix has no such column. */
function rowOf(column: number, { weight: { gated }, rows }: Piece): number {
  if (!gated) return column < rows ? column : -1;
  // Four values, then their four gates.
  const value = (column >> 3) * 4 + column % 4;
  return value >= rows / 2 ? -1 : column % 8 >= 4 ? value + rows / 2 : value;
}

/** Where number i of a row goes, from the first of its column on. */
function targetsOf(weight: Weight, memory: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const { inChannels, taps, panel } = weight;
  const depth = padChannels(inChannels);
  const targets = new Uint32Array(memory.buffer, memory.byteOffset, rowLength(weight));
  for (let channel = 0, i = 0; channel < inChannels; channel++) {
    for (let tap = 0; tap < taps; tap++) targets[i++] = (tap * depth + channel) * panel;
  }
  return targets;
}

/** Number by number. @returns whether all are finite */
function packWords(rows: Uint32Array, targets: Uint32Array, piece: Piece, out: Uint32Array): boolean {
  const { weight, firstPanel, panels } = piece;
  const size = panelSize(weight);
  const length = targets.length;
  let finite = true;
  out.fill(0, firstPanel * size, (firstPanel + panels) * size); // the columns and channels that pad it
  for (let column = 0; column < panels * weight.panel; column++) {
    const row = rowOf(column, piece);
    if (row < 0) continue;
    const first = (firstPanel + Math.floor(column / weight.panel)) * size + column % weight.panel;
    for (let i = 0, from = row * length; i < length; i++, from++) {
      const bits = rows[from];
      if ((bits & INFINITE) === INFINITE) finite = false;
      out[first + targets[i]] = bits;
    }
  }
  return finite;
}

/** The exponents of what is not finite. */
const INFINITE = 0x7f800000, INFINITE_HALF = 0x7c00;
