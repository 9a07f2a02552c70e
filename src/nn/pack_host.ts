/**
 * The packing of shaders/pack.wgsl done on the host: for software adapters, where a plain loop is faster and needs no kernel to
 * be compiled, and for weights that are kept packed on disk.
 *
 * @module
 */
import type { Precision } from "../gpu/device.ts";
import { padChannels } from "../gpu/tensor.ts";
import { toFloat32 } from "../formats/dtype.ts";
import { panelCount, type Weight } from "../ops/weight.ts";
import type { Packable } from "../ops/pack.ts";

/** Numbers as their bits: f16 or f32. */
export type Bits = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Why a matrix cannot be packed. */
export type Unpackable = "not finite" | "too large";

/** Room for `count` numbers. */
export function bitsFor(precision: Precision, count: number): Bits {
  return precision === "f16" ? new Uint16Array(count) : new Uint32Array(count);
}

/** Elements of a packed weight. */
export function packedSize(weight: Weight): number {
  return panelCount(weight) * weight.panel * weight.taps * padChannels(weight.inChannels);
}

/**
 * Packs a whole matrix: rows of in channels × taps numbers as files hold them → [panel][tap][channel][columns of a panel].
 * @param bytes the file's, of `dtype`, aligned to its numbers
 * @param out packedSize(weight) numbers, which are all overwritten
 * @returns what is wrong with the numbers, if anything
 */
export function packOnHost(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: Packable,
  weight: Weight,
  out: Bits,
): Unpackable | undefined {
  const precision = out instanceof Uint16Array ? "f16" : "f32";
  const rows = weight.taps === 16 ? transformed(bytes, dtype, precision) : convert(bytes, dtype, precision);
  if (out.length > rows.length) out.fill(0); // the columns and channels that pad it
  const finite = precision === "f16"
    ? packHalfs(rows as Uint16Array<ArrayBuffer>, weight, out as Uint16Array<ArrayBuffer>)
    : packWords(rows, weight, out, 0x7f800000, lanesOf(weight));
  if (finite) return undefined;
  return toFloat32(bytes, dtype).every(Number.isFinite) ? "too large" : "not finite";
}

function convert(bytes: Uint8Array<ArrayBuffer>, dtype: Packable, precision: Precision): Bits {
  if (precision === "f16") {
    if (dtype === "F16") return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    return new Uint16Array(new Float16Array(toFloat32(bytes, dtype)).buffer);
  }
  if (dtype === "F32") return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return new Uint32Array(toFloat32(bytes, dtype).buffer as ArrayBuffer);
}

/** The nine taps of each pair of channels as the sixteen that they are transformed to: U = G·g·Gᵀ, down and then across. */
function transformed(bytes: Uint8Array<ArrayBuffer>, dtype: Packable, precision: Precision): Bits {
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
  return precision === "f16" ? new Uint16Array(new Float16Array(out).buffer) : new Uint32Array(out.buffer);
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
function targetsOf({ inChannels, taps, panel }: Weight): Int32Array {
  const depth = padChannels(inChannels);
  return Int32Array.from({ length: inChannels * taps }, (_, i) => (i % taps * depth + Math.floor(i / taps)) * panel);
}

/** Number by number. @returns whether all are finite */
function packWords(rows: Bits, weight: Weight, out: Bits, infinite: number, lanes: readonly Lane[]): boolean {
  const targets = targetsOf(weight);
  const length = targets.length;
  let finite = true;
  for (const { first, rows: from } of lanes) {
    for (let j = 0; j < 8; j++) {
      if (from[j] < 0) continue;
      const start = from[j] * length;
      for (let i = 0; i < length; i++) {
        const bits = rows[start + i];
        if ((bits & infinite) === infinite) finite = false;
        out[first + j + targets[i]] = bits;
      }
    }
  }
  return finite;
}

/** Two rows by two numbers at once, with half the loads and stores; where that cannot be, number by number. */
function packHalfs(rows: Uint16Array<ArrayBuffer>, weight: Weight, out: Uint16Array<ArrayBuffer>): boolean {
  const lanes = lanesOf(weight);
  const targets = targetsOf(weight);
  const pairs = targets.length / 2;
  const whole = (lane: Lane) => Number.isInteger(pairs) && rows.byteOffset % 4 === 0 && !lane.rows.includes(-1);
  const rest = lanes.filter((lane) => !whole(lane));
  const from = new Uint32Array(rows.buffer, rows.byteOffset, whole(lanes[0]) ? rows.length / 2 : 0);
  const to = new Uint32Array(out.buffer, out.byteOffset, out.length / 2);
  let seen = 0;
  for (const { first, rows: starts } of lanes.filter(whole)) {
    const [r0, r1, r2, r3, r4, r5, r6, r7] = starts.map((row) => row * pairs);
    for (let i = 0; i < pairs; i++) {
      const even = (first + targets[2 * i]) >>> 1;
      const odd = (first + targets[2 * i + 1]) >>> 1;
      const a = from[r0 + i], b = from[r1 + i], c = from[r2 + i], d = from[r3 + i];
      const e = from[r4 + i], f = from[r5 + i], g = from[r6 + i], h = from[r7 + i];
      to[even] = a & 0xffff | b << 16;
      to[even + 1] = c & 0xffff | d << 16;
      to[even + 2] = e & 0xffff | f << 16;
      to[even + 3] = g & 0xffff | h << 16;
      to[odd] = a >>> 16 | b & 0xffff0000;
      to[odd + 1] = c >>> 16 | d & 0xffff0000;
      to[odd + 2] = e >>> 16 | f & 0xffff0000;
      to[odd + 3] = g >>> 16 | h & 0xffff0000;
      seen |= a | b | c | d | e | f | g | h;
    }
  }
  // The topmost bit of an exponent is that of numbers from 2 on: few weights are, so that few matrices are looked at again.
  const large = (seen & 0x40004000) !== 0;
  return packWords(rows, weight, out, 0x7c00, rest) && !(large && rows.some((bits) => (bits & 0x7c00) === 0x7c00));
}
