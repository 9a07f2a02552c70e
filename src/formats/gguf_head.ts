/**
 * What stands before the tensors of a GGUF file, as the Python package gguf writes it.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { concat } from "./bytes.ts";
import type { BlockType } from "./ggml_blocks.ts";
import { GGML_TYPES, ggufBytes } from "./gguf.ts";
import type { DType } from "./tensor_source.ts";

/** Where tensors begin: multiples of this many bytes. */
export const GGUF_ALIGNMENT = 32;

/** A tensor to write. */
export interface GgufTensor {
  name: string;
  type: DType | BlockType;
  /** Row-major. */
  shape: readonly number[];
}

/** Texts, lists of texts, whole numbers and lists of them. */
export type GgufValue = string | number | readonly string[] | readonly number[];

/**
 * The first bytes of a GGUF file whose tensors follow in this order, each padded to {@linkcode GGUF_ALIGNMENT}.
 * @param values what the file says of itself, in order; "general.architecture" is expected among them
 * @throws ModelError for a type that GGUF does not have
 */
export function ggufHead(
  values: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.raw(new TextEncoder().encode("GGUF"));
  out.u32(3);
  out.u64(tensors.length);
  out.u64(values.size);
  for (const [key, value] of values) {
    out.text(key);
    out.value(value);
  }
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    const number = Object.entries(GGML_TYPES).find(([, known]) => known === type)?.[0];
    if (number === undefined) throw new ModelError(`${name} is of type ${type}, which GGUF does not have.`);
    out.text(name);
    out.u32(shape.length);
    for (const size of shape.toReversed()) out.u64(size);
    out.u32(Number(number));
    out.u64(offset);
    offset += Math.ceil(ggufBytes(type, shape) / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
  }
  out.raw(new Uint8Array(-out.length & GGUF_ALIGNMENT - 1));
  return out.all();
}

/** Little-endian bytes, one after the other. */
class Bytes {
  length = 0;
  readonly #pieces: Uint8Array[] = [];

  raw(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.length += bytes.length;
  }

  u32(value: number): void {
    this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): void {
    this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.raw(bytes);
  }

  /** The number of its type, then the value. */
  value(value: GgufValue): void {
    const put = (one: string | number) => typeof one === "string" ? this.text(one) : this.u32(one);
    if (typeof value === "string" || typeof value === "number") {
      this.u32(typeof value === "string" ? 8 : 4); // text or u32
      return put(value);
    }
    this.u32(9);
    this.u32(typeof value[0] === "string" ? 8 : 5); // text or i32
    this.u64(value.length);
    for (const one of value) put(one);
  }

  all(): Uint8Array<ArrayBuffer> {
    return concat(this.#pieces);
  }
}
