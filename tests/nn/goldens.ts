/**
 * Reads what single networks gave in PyTorch (tests/oracle/blocks.py), and turns pictures channels-last.
 *
 * @module
 */
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { padChannels } from "../../src/gpu/tensor.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";

const golden = new URL("../golden/", import.meta.url).pathname;

/** The tiny models. */
export const MODELS = ["sd1", "sd2", "sdxl"] as const;

/** A tensor of numbers as PyTorch had it. */
export interface Golden {
  shape: readonly number[];
  values: Float32Array;
}

/** All tensors of a file of goldens, by name. */
export async function openTensors(name: string): Promise<Map<string, Golden>> {
  const file = await openSafetensors(`${golden}nn/${name}.safetensors`);
  const tensors = new Map<string, Golden>();
  for (const { name, shape, bytes, dtype } of file.tensors.values()) {
    const raw = new Uint8Array(bytes);
    await file.read(name, raw);
    const values = dtype === "I64" ? Float32Array.from(new BigInt64Array(raw.buffer), Number) : toFloat32(raw, dtype);
    tensors.set(name, { shape, values });
  }
  file.close();
  return tensors;
}

/** Opens a tiny model and all its goldens, by name. */
export async function openGoldens(model: string) {
  const checkpoint = await openCheckpoint(`${golden}models/${model}`);
  const tensors = await openTensors(model);
  /** Cases of a network: 0, 1, … */
  const cases = (network: string) => {
    const prefix = `${network}.`;
    const numbers = [...tensors.keys()].filter((k) => k.startsWith(prefix)).map((k) => k.slice(prefix.length)[0]);
    return [...new Set(numbers)];
  };
  return { checkpoint, cases, get: (name: string) => tensors.get(name)!, has: (name: string) => tensors.has(name) };
}

/** Weights as tests/oracle/small_networks.py draws them, under the names of the other side. */
export function drawn(shapes: Record<string, number[]>, seed: number): TensorSource {
  const draw = noiseGenerator("cpu", seed);
  const entries = Object.keys(shapes).sort().map((name) => {
    const shape = shapes[name];
    const size = shape.reduce((product, n) => product * n, 1);
    const inputs = shape.slice(1).reduce((product, n) => product * n, 1);
    const scale = name.endsWith("weight") ? Math.fround(Math.sqrt(2 / inputs)) : Math.fround(0.1);
    const values = draw.normal(Math.max(16, size)).subarray(0, size).map((v) => v * scale);
    return [name, { shape, values: Float32Array.from(values) }] as const;
  });
  return arraysSource(Object.fromEntries(entries));
}

/** [batch, channels, height, width] → [batch, height, width, channels padded to 4] */
export function channelsLast({ shape: [b, c, h, w], values }: Golden): Golden {
  const padded = padChannels(c);
  const out = new Float32Array(b * h * w * padded);
  for (let i = 0; i < values.length; i++) {
    const [x, y, channel, n] = [i % w, Math.floor(i / w) % h, Math.floor(i / w / h) % c, Math.floor(i / w / h / c)];
    out[((n * h + y) * w + x) * padded + channel] = values[i];
  }
  return { shape: [b, h, w, padded], values: out };
}

/** Storage rounding passes through tens of layers: relative to the largest value of the result. */
export const SHARE = { f32: 1e-4, f16: 2e-2 } as const;

/** The largest absolute value. */
export function peak(values: Float32Array): number {
  return values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}
