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
import { fileTaps, isTransformed, panelCount, type Weight } from "../ops/weight.ts";
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
      new Uint32Array(valuesOf(bytes, piece).buffer as ArrayBuffer),
      targets,
      piece,
      new Uint32Array(this.out.buffer, this.out.byteOffset, this.out.length / 4),
    );
    if (finite) return undefined;
    return toFloat32(bytes, dtype).every(Number.isFinite) ? "too large" : "not finite";
  }

  #packHalfs(bytes: Uint8Array<ArrayBuffer>, piece: Piece, targets: Uint32Array<ArrayBuffer>): boolean {
    const isHalf = piece.dtype === "F16", isChanged = isTransformed(piece.weight);
    if (isHalf && isChanged && !this.#panels(bytes, piece, targets, "transformed")) return true;
    const rows = isHalf && !isChanged ? bytes : this.#converted(bytes, piece);
    if (!this.#panels(rows, piece, targets, "columns")) return true;
    // Only pieces with a half of 2 or more can hold one that is not finite. They are few, and are looked through again.
    const halfs = new Uint16Array(rows.buffer, rows.byteOffset, rows.length / 2);
    return !halfs.some((bits) => (bits & INFINITE_HALF) === INFINITE_HALF);
  }

  /** Rows of other types, or transformed in f32, as halfs. */
  #converted(bytes: Uint8Array<ArrayBuffer>, piece: Piece): Uint8Array<ArrayBuffer> {
    const { weight, dtype } = piece;
    const count = bytes.length / BYTES[dtype] * weight.taps / fileTaps(weight);
    const rows = this.#rows.subarray(0, count * 2);
    const wide = dtype === "F32";
    if (!isTransformed(weight) && (wide || dtype === "BF16") && !this.#memory.halfs(bytes, wide, rows)) return rows;
    new Float16Array(rows.buffer, rows.byteOffset, count).set(valuesOf(bytes, piece));
    return rows;
  }

  /** Panel by panel from rows of halfs. @returns whether any of them is 2 or more */
  #panels(
    rows: Uint8Array<ArrayBuffer>,
    piece: Piece,
    targets: Uint32Array<ArrayBuffer>,
    how: "columns" | "transformed",
  ): boolean {
    const { weight: { panel, taps }, firstPanel, panels } = piece;
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
      large = this.#memory[how](panel / 8, targets, this.out.byteOffset + at, taps) || large;
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

/** The numbers of a piece as they are packed. */
function valuesOf(bytes: Uint8Array<ArrayBuffer>, { weight, dtype }: Piece): Float32Array {
  const values = toFloat32(bytes, dtype);
  return isTransformed(weight) ? transformed(values, weight.taps === 36 ? 6 : 4) : values;
}

/** The nine taps of each pair of channels as what they are transformed to: U = G·g·Gᵀ, down and then across. */
function transformed(taps: Float32Array, size: 4 | 6): Float32Array {
  const transform = size === 4 ? transform4 : transform6;
  const out = new Float32Array(taps.length / 9 * size * size);
  for (let from = 0, to = 0; from < taps.length; from += 9, to += size * size) {
    for (let x = 0; x < 3; x++) transform(taps[from + x], taps[from + 3 + x], taps[from + 6 + x], out, to + x, size);
    for (let y = to; y < to + size * size; y += size) transform(out[y], out[y + 1], out[y + 2], out, y, 1);
  }
  return out;
}

/** G·g of three taps, for tiles of 2×2: the points 0, ±1 and ∞ (shaders/winograd_in.wgsl). */
function transform4(a: number, b: number, c: number, out: Float32Array, at: number, step: number): void {
  const even = 0.5 * (a + c), odd = 0.5 * b;
  out[at] = a;
  out[at + step] = even + odd;
  out[at + 2 * step] = even - odd;
  out[at + 3 * step] = c;
}

/** The same for tiles of 4×4: the points 0, ±√½, ±√2 and ∞, all times 4 (shaders/winograd4_in.wgsl). */
function transform6(a: number, b: number, c: number, out: Float32Array, at: number, step: number): void {
  const near = (8 * a + 4 * c) / 3, far = (2 * a + 4 * c) / 3, odd = 8 / 3 * Math.SQRT1_2 * b;
  out[at] = 4 * a;
  out[at + step] = near + odd;
  out[at + 2 * step] = near - odd;
  out[at + 3 * step] = far + 0.5 * odd;
  out[at + 4 * step] = far - 0.5 * odd;
  out[at + 5 * step] = 4 * c;
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
