/**
 * The packing of shaders/pack.wgsl done on the host: for software adapters, where a plain loop is faster and needs no kernel to
 * be compiled, and for weights that are kept packed on disk.
 *
 * @module
 */
import type { Precision } from "../gpu/device.ts";
import { padChannels } from "../gpu/tensor.ts";
import { BYTES, toFloat32 } from "../formats/dtype.ts";
import { PackMemory } from "./pack_memory.ts";
import { panelCount, type Weight } from "../ops/weight.ts";
import type { Packable } from "../ops/pack.ts";

/** Numbers as their bits: f16 or f32. */
export type Bits = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Why a matrix cannot be packed. */
export type Unpackable = "not finite" | "too large";

/** Elements of a packed weight. */
export function packedSize(weight: Weight): number {
  return panelCount(weight) * weight.panel * weight.taps * padChannels(weight.inChannels);
}

/** Packs matrices, one at a time, in memory of its own. */
export class HostPacker {
  /** Where the bytes of files are read to. */
  readonly inputs: readonly Uint8Array<ArrayBuffer>[];
  readonly #memory: PackMemory;
  readonly #out: Uint8Array<ArrayBuffer>;
  /** Rows as they are packed, where files hold them otherwise. */
  readonly #rows: Uint8Array<ArrayBuffer>;
  readonly #targets: Uint8Array<ArrayBuffer>;

  /** @param inputs of so many bytes each */
  constructor(readonly precision: Precision, weights: readonly Weight[], inputs: readonly number[]) {
    const size = precision === "f16" ? 2 : 4;
    const most = (of: (weight: Weight) => number) => weights.reduce((most, weight) => Math.max(most, of(weight)), 0);
    const numbers = (w: Weight) => w.outChannels * (w.gated ? 2 : 1) * w.inChannels * w.taps;
    const sizes = [most(packedSize) * size, precision === "f16" ? most(numbers) * 2 : 0, most(rowLength) * 4];
    this.#memory = new PackMemory([...sizes, ...inputs]);
    [this.#out, this.#rows, this.#targets, ...this.inputs] = this.#memory.regions;
  }

  /**
   * Packs a whole matrix: rows of in channels × taps numbers as files hold them → [panel][tap][channel][columns of a
   * panel].
   * @param bytes the file's, of `dtype`, in one of the inputs
   * @returns packedSize(weight) numbers, valid until the next; or what is wrong with the file's, if anything
   */
  pack(bytes: Uint8Array<ArrayBuffer>, dtype: Packable, weight: Weight): Bits | Unpackable {
    const { buffer, byteOffset } = this.#out;
    const [size, count] = [packedSize(weight), rowLength(weight)];
    const targets = new Uint32Array(buffer, this.#targets.byteOffset, count);
    targets.set(targetsOf(weight));
    let out: Bits, finite: boolean;
    if (this.precision === "f16") {
      const rows = this.#halfs(bytes, dtype, weight);
      const halfs = out = new Uint16Array(buffer, byteOffset, size);
      if (size > rows.length) out.fill(0); // the columns and channels that pad it
      finite = packHalfs(this.#memory, rows, targets, weight, halfs);
    } else {
      const rows = weight.taps === 16 ? transformed(bytes, dtype) : toFloat32(bytes, dtype);
      out = new Uint32Array(buffer, byteOffset, size);
      if (size > rows.length) out.fill(0);
      finite = packWords(new Uint32Array(rows.buffer as ArrayBuffer), targets, 0, out, 0x7f800000, lanesOf(weight));
    }
    if (finite) return out;
    return toFloat32(bytes, dtype).every(Number.isFinite) ? "too large" : "not finite";
  }

  /** The rows in halfs, where they are or converted. */
  #halfs(bytes: Uint8Array<ArrayBuffer>, dtype: Packable, { taps }: Weight): Uint16Array<ArrayBuffer> {
    const isHalf = dtype === "F16";
    const halfs = new Uint16Array(bytes.buffer, bytes.byteOffset, isHalf ? bytes.length / 2 : 0);
    if (taps !== 16 && isHalf) return halfs;
    const count = bytes.length / BYTES[dtype] * (taps === 16 ? 16 / 9 : 1);
    const rows = new Uint16Array(this.#rows.buffer, this.#rows.byteOffset, count);
    if (isHalf && !this.#memory.transform(halfs, rows)) return rows;
    new Float16Array(rows.buffer, rows.byteOffset, count).set(
      taps === 16 ? transformed(bytes, dtype) : toFloat32(bytes, dtype),
    );
    return rows;
  }
}

/** Numbers of a row as it is packed. */
function rowLength({ inChannels, taps }: Weight): number {
  return inChannels * taps;
}

/** The nine taps of each pair of channels as the sixteen that they are transformed to: U = G·g·Gᵀ, down and then across. */
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

/** Eight columns of a panel, as the rows of the file they come from; −1 where the matrix has no such column. */
interface Lane {
  /** Element of the panels where its first number goes. */
  first: number;
  rows: number[];
}

function lanesOf(weight: Weight): Lane[] {
  const { inChannels, outChannels, taps, gated, panel } = weight;
  const lanes = panel / 8;
  const size = panel * taps * padChannels(inChannels);
  return Array.from({ length: panelCount(weight) * lanes }, (_, lane) => ({
    first: Math.floor(lane / lanes) * size + lane % lanes * 8,
    rows: Array.from({ length: 8 }, (_, j) => {
      // Gated: four values, then their four gates.
      const output = gated ? lane * 4 + j % 4 : lane * 8 + j;
      return output >= outChannels ? -1 : gated && j >= 4 ? output + outChannels : output;
    }),
  }));
}

/** Where number i of a row goes, from the lane's first on. */
function targetsOf({ inChannels, taps, panel }: Weight): Uint32Array {
  const depth = padChannels(inChannels);
  return Uint32Array.from({ length: inChannels * taps }, (_, i) => (i % taps * depth + Math.floor(i / taps)) * panel);
}

/** Number by number, from a place of each row on. @returns whether all are finite */
function packWords(
  rows: Bits,
  targets: Uint32Array,
  begin: number,
  out: Bits,
  infinite: number,
  lanes: readonly Lane[],
): boolean {
  const length = targets.length;
  let finite = true;
  for (const { first, rows: from } of lanes) {
    for (let j = 0; j < 8; j++) {
      if (from[j] < 0) continue;
      const start = from[j] * length;
      for (let i = begin; i < length; i++) {
        const bits = rows[start + i];
        if ((bits & infinite) === infinite) finite = false;
        out[first + j + targets[i]] = bits;
      }
    }
  }
  return finite;
}

/** Eight by eight; lanes that lack columns, and what is left of rows, number by number. */
function packHalfs(
  memory: PackMemory,
  rows: Uint16Array<ArrayBuffer>,
  targets: Uint32Array<ArrayBuffer>,
  weight: Weight,
  out: Uint16Array<ArrayBuffer>,
): boolean {
  const length = targets.length;
  const eights = targets.subarray(0, length & ~7);
  let large = false;
  let finite = true;
  for (const lane of lanesOf(weight)) {
    const whole = !lane.rows.includes(-1);
    if (whole) large = memory.columns(rows, lane.rows.map((row) => row * length), eights, out, lane.first) || large;
    const begin = whole ? eights.length : 0;
    if (begin < length) finite = packWords(rows, targets, begin, out, INFINITE_HALF, [lane]) && finite;
  }
  // Few weights are 2 or more, so that few matrices are looked at again.
  return finite && !(large && rows.some((bits) => (bits & INFINITE_HALF) === INFINITE_HALF));
}

/** The exponent of what is not finite. */
const INFINITE_HALF = 0x7c00;
