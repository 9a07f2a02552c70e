/**
 * Products of adapters' factors on the device, where they are large: merging a LoRA of rank 64 into SDXL is as much
 * work as tens of its layers, which the host would do for minutes.
 *
 * @module
 */
import { type Matrix, type Multiply, product, sidesOf, transposed } from "../adapter/algebra.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import { padChannels } from "../gpu/tensor.ts";
import { Weights } from "../nn/weights.ts";
import { linear } from "../ops/matmul.ts";

/** Multiplications below which the host is done before the device has begun. */
const WORTH = 1 << 24;

/** Numbers of a result that are on the device at once. */
const STRIP = 1 << 21;

/** a·b on this device, one product after the other, so that little of its memory is taken. */
export function multiplier(device: Device): Multiply {
  let last: Promise<unknown> = Promise.resolve();
  return (a, b) => {
    const [m, r] = sidesOf(a);
    if (m * b.values.length < WORTH || r === 0) return Promise.resolve(product(a, b).values);
    const made = last.then(() => multiply(device, a, b));
    last = made.catch(() => {});
    return made;
  };
}

/** @returns [m, n] for a [m, r] and b [r, n], sums in f32 */
export async function multiply(device: Device, a: Matrix, b: Matrix): Promise<Float32Array> {
  const [m, r] = sidesOf(a);
  const n = b.values.length / r;
  const rows = Math.min(m, Math.max(1, Math.floor(STRIP / n)));
  const weights = new Weights(device, "f32", "adapter");
  const weight = weights.matrix("factor", r, n, { bias: false });
  const graph = new Graph(device, "adapter", "f32");
  const x = graph.input("rows", [1, rows, padChannels(r)]);
  const y = graph.output(linear(graph, x, weight));
  const out = new Float32Array(m * n);
  try {
    await weights.load(alone("factor.weight", transposed({ shape: [r, n], values: b.values })));
    using program = await graph.compile();
    for (let first = 0; first < m; first += rows) {
      const count = Math.min(rows, m - first);
      writeFloats(device, x, padded(a.values.subarray(first * r, (first + count) * r), r));
      program.run();
      const values = await readFloats(device, y);
      const width = padChannels(n);
      if (width === n) out.set(values.subarray(0, count * n), first * n);
      else for (let i = 0; i < count; i++) out.set(values.subarray(i * width, i * width + n), (first + i) * n);
    }
  } finally {
    weights.release();
  }
  return out;
}

/** Rows of `width` numbers as rows of whole quads. */
function padded(values: Float32Array, width: number): Float32Array {
  const wide = padChannels(width);
  if (wide === width) return values;
  const out = new Float32Array(values.length / width * wide);
  for (let i = 0; i * width < values.length; i++) out.set(values.subarray(i * width, (i + 1) * width), i * wide);
  return out;
}

/** A source of one matrix in memory. */
function alone(name: string, { shape, values }: Matrix): TensorSource {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    tensors: new Map([[name, { name, dtype: "F32", shape: [...shape], bytes: bytes.length, file: "an adapter" }]]),
    describe: "an adapter",
    read: (_, into, start = 0) => Promise.resolve(into.set(bytes.subarray(start, start + into.length))),
    close() {},
  };
}
