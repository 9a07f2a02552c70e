/**
 * Adapters as tests/oracle/loras.py describes them: names, shapes and scales, their numbers drawn from torch's
 * generator.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { safetensorsHead } from "../../src/formats/safetensors.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";

/** An adapter. */
export interface AdapterSpec {
  /** Of the first tensor; of each further one, one more. */
  seed: number;
  /** A tensor without axes is the scale itself. */
  tensors: [name: string, shape: number[], scale: number][];
  /** Means of tensors, by the last word of their names; else 0. */
  about?: Record<string, number>;
}

/** All of tests/golden/loras. */
export function adapterSpecs(golden: string): Record<string, AdapterSpec> {
  return JSON.parse(new TextDecoder().decode(gunzipSync(Deno.readFileSync(`${golden}/loras/adapters.json.gz`))));
}

/** Writes an adapter as a safetensors file in f32. */
export async function writeAdapter(path: string, { seed, tensors, about = {} }: AdapterSpec): Promise<void> {
  const data = tensors.map(([name, shape, scale], i) => {
    if (shape.length === 0) return Float32Array.of(scale);
    const noise = noiseGenerator("cpu", seed + i).normal(shape.reduce((all, size) => all * size, 1));
    const mean = about[name.split(".").pop()!] ?? 0;
    return Float32Array.from(noise, (value) => Math.fround(value * Math.fround(scale)) + Math.fround(mean));
  });
  const head = safetensorsHead(tensors.map(([name, shape]) => ({ name, dtype: "F32", shape })));
  await Deno.writeFile(path, new Uint8Array(await new Blob([head, ...data] as BlobPart[]).arrayBuffer()));
}
