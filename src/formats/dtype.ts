/**
 * Sizes of the number formats, and their values as f32.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import type { DType } from "./tensor_source.ts";

/** Bytes of one number of each format. */
export const BYTES: Readonly<Record<DType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** Little-endian numbers of any format as f32 (a copy). Integers and f64 round to the nearest f32. */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const buffer = bytes.slice().buffer as ArrayBuffer;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return new Float32Array(new Float64Array(buffer));
    case "F16":
      return new Float32Array(new Float16Array(buffer));
    case "BF16":
      return fromUpperHalves(new Uint16Array(buffer));
    case "F8_E4M3":
      return tabled(bytes, E4M3);
    case "F8_E5M2":
      return tabled(bytes, E5M2);
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case "U64":
      return Float32Array.from(new BigUint64Array(buffer), Number);
    case "I32":
      return new Float32Array(new Int32Array(buffer));
    case "U32":
      return new Float32Array(new Uint32Array(buffer));
    case "I16":
      return new Float32Array(new Int16Array(buffer));
    case "U16":
      return new Float32Array(new Uint16Array(buffer));
    case "I8":
      return new Float32Array(new Int8Array(buffer));
    case "U8":
    case "BOOL":
      return new Float32Array(bytes);
  }
}

/** One e4m3fn number: bias 7, no infinities, all ones is NaN. Source: Micikevicius et al. 2022, arXiv 2209.05433. */
function float8E4M3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 15;
  const mantissa = bits & 7;
  if (exponent === 15 && mantissa === 7) return NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -9 : sign * (1 + mantissa / 8) * 2 ** (exponent - 7);
}

/** All numbers of a byte each. */
const BYTE_VALUES = Uint8Array.from({ length: 256 }, (_, bits) => bits);
const E4M3 = Float32Array.from(BYTE_VALUES, float8E4M3);
/** The upper half of an f16. */
const E5M2 = new Float32Array(new Float16Array(Uint16Array.from(BYTE_VALUES, (bits) => bits << 8).buffer));

function tabled(bytes: Uint8Array, values: Float32Array): Float32Array {
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = values[bytes[i]];
  return out;
}

function fromUpperHalves(halves: Uint16Array): Float32Array {
  const out = new Uint32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = halves[i] << 16;
  return new Float32Array(out.buffer);
}

/** The floating-point formats. */
export const FLOATS: readonly DType[] = ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"];

/**
 * Numbers as the little-endian bytes of a floating-point format, rounded to nearest. @throws ModelError for other
 * formats
 */
export function fromFloat32(values: Float32Array, dtype: DType): Uint8Array {
  switch (dtype) {
    case "F32":
      return new Uint8Array(values.slice().buffer);
    case "F16":
      return new Uint8Array(Float16Array.from(values).buffer);
    case "BF16": // rounds to even by adding half of the last bit kept
      return new Uint8Array(
        Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => (bits + 0x7fff + (bits >> 16 & 1)) >>> 16)
          .buffer,
      );
    default:
      throw new ModelError(`Numbers cannot be written as ${dtype}; expected F32, F16 or BF16.`);
  }
}
