/**
 * Files for the io tests: folders that vanish, safetensors written from plain values, goldens unpacked.
 *
 * @module
 */
import { BYTES } from "../../src/formats/dtype.ts";
import type { DType, TensorSource } from "../../src/formats/tensor_source.ts";

export { inFolder } from "../cli/program.ts";

const GOLDEN = new URL("../golden/", import.meta.url);

/** The tiny diffusers folder called `name`. */
export const tinyModel = (name: string) => new URL(`models/${name}`, GOLDEN).pathname;

/** Bytes of a gzipped golden. */
export async function golden(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = (await Deno.open(new URL(name, GOLDEN))).readable;
  return await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).bytes();
}

/** A tensor to write: numbers are only given where a test looks at them. */
export interface Written {
  dtype?: DType;
  shape: number[];
  data?: Uint8Array;
}

/** The bytes of a safetensors file; `edit` may spoil the header. */
export function safetensors(
  tensors: Record<string, Written>,
  edit = (header: string) => header,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype = "F32", shape, data }] of Object.entries(tensors)) {
    const bytes = data ?? new Uint8Array(shape.reduce((n, size) => n * size, BYTES[dtype]));
    header[name] = { dtype, shape, data_offsets: [end, end += bytes.length] };
    parts.push(bytes);
  }
  return withHeader(edit(JSON.stringify(header)), parts);
}

/** Length, header, data. */
export function withHeader(text: string, data: Uint8Array[] = []): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + header.length + data.reduce((n, part) => n + part.length, 0));
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  let at = 8 + header.length;
  for (const part of data) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A whole tensor's bytes. */
export async function readAll(source: TensorSource, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(source.tensors.get(name)!.bytes);
  await source.read(name, bytes);
  return bytes;
}
