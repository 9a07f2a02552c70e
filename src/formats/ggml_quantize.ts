/**
 * Numbers to ggml's blocks, rounded as the Python package gguf rounds them, byte for byte.
 *
 * @module
 */
import { BLOCKS, type BlockType } from "./ggml_blocks.ts";

/** The layouts that are written here. Those of 256 numbers want a search for their scales, which ggml alone has. */
export const WRITTEN = ["Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"] as const satisfies readonly BlockType[];
/** One of {@linkcode WRITTEN}. */
export type WrittenType = typeof WRITTEN[number];

const f = Math.fround;

/** @param values whole blocks of 32 */
export function toBlocks(values: Float32Array, type: WrittenType): Uint8Array<ArrayBuffer> {
  const { numbers, bytes: size } = BLOCKS[type];
  const out = new Uint8Array(values.length / numbers * size);
  const view = new DataView(out.buffer);
  const encode = type === "Q8_0" ? q8 : type.endsWith("_0") ? even : shifted;
  for (let i = 0, at = 0; i < values.length; i += numbers, at += size) {
    encode(values.subarray(i, i + numbers), view, at, type.startsWith("Q5") ? 5 : 4);
  }
  return out;
}

/** d = max |x| / 127, whole numbers rounded to nearest, halves away from zero. */
function q8(x: Float32Array, view: DataView, at: number): void {
  let most = 0;
  for (const value of x) most = Math.max(most, Math.abs(value));
  const d = f(most / 127);
  const inverse = d === 0 ? 0 : f(1 / d);
  view.setFloat16(at, d, true);
  for (let i = 0; i < 32; i++) {
    const scaled = f(x[i] * inverse);
    view.setInt8(at + 2 + i, Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5));
  }
}

/** Around zero: the number that is furthest from it takes the least value. */
function even(x: Float32Array, view: DataView, at: number, bits: 4 | 5): void {
  const half = 1 << bits - 1;
  const furthest = x.reduce((most, value) => Math.abs(value) > Math.abs(most) ? value : most, x[0]);
  const d = f(furthest / -half);
  const inverse = d === 0 ? 0 : f(1 / d);
  view.setFloat16(at, d, true);
  put(view, at + 2, bits, (i) => f(f(x[i] * inverse) + half + 0.5));
}

/** From the least number upwards. */
function shifted(x: Float32Array, view: DataView, at: number, bits: 4 | 5): void {
  const [least, most] = [Math.min(...x), Math.max(...x)];
  const d = f(f(most - least) / ((1 << bits) - 1));
  const inverse = d === 0 ? 0 : f(1 / d);
  view.setFloat16(at, d, true);
  view.setFloat16(at + 2, least, true);
  put(view, at + 4, bits, (i) => f(f(f(x[i] - least) * inverse) + 0.5));
}

/** Whole parts of 32 numbers: fifth bits first, where there are any, then low and high halves of 16 bytes. */
function put(view: DataView, at: number, bits: 4 | 5, scaled: (i: number) => number): void {
  let high = 0;
  const q = (i: number) => {
    const whole = Math.min(Math.max(Math.trunc(scaled(i)), 0), (1 << bits) - 1);
    if (whole & 16) high |= 1 << i;
    return whole & 15;
  };
  const start = bits === 5 ? at + 4 : at;
  for (let j = 0; j < 16; j++) view.setUint8(start + j, q(j) | q(j + 16) << 4);
  if (bits === 5) view.setUint32(at, high, true);
}
