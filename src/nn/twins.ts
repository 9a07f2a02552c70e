/**
 * What kernels must give, computed plainly on the host for the small cases that a device is tried with.
 *
 * @module
 */
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";

/** Reproducible numbers in −1 … 1, as f16 has them. */
export function random(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Float32Array.from(Float16Array.from({ length: count }, next));
}

/** Arrays as a file would have them, in f32 or f16. */
export function arraysSource(
  arrays: Record<string, { shape: number[]; values: Float32Array | Float16Array }>,
): TensorSource {
  const infos = Object.entries(arrays).map(([name, { shape, values }]): [string, TensorInfo] => {
    const dtype = values instanceof Float16Array ? "F16" : "F32";
    return [name, { name, dtype, shape, bytes: values.byteLength, file: "memory" }];
  });
  return {
    describe: "memory",
    tensors: new Map(infos),
    read(name, into, start = 0) {
      const { buffer, byteOffset } = arrays[name].values;
      into.set(new Uint8Array(buffer, byteOffset + start, into.length));
      return Promise.resolve();
    },
    close() {},
  };
}

/** x [m, k] · wᵀ [n, k] + b [n]. */
export function linearTwin(
  x: Float32Array,
  w: Float32Array,
  b: Float32Array,
  { m, k, n }: Record<"m" | "k" | "n", number>,
): Float32Array {
  return Float32Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = b[column];
    for (let i = 0; i < k; i++) sum += x[row * k + i] * w[column * k + i];
    return sum;
  });
}

/** 3×3 convolution at stride 1 of x [height, width, channels] with k [outputs, channels, 3, 3]. */
export function convTwin(
  x: Float32Array,
  k: Float32Array,
  b: Float32Array,
  { height, width, channels, outputs }: Record<"height" | "width" | "channels" | "outputs", number>,
): Float32Array {
  return Float32Array.from({ length: height * width * outputs }, (_, at) => {
    const [n, j, i] = [at % outputs, Math.floor(at / outputs) % width, Math.floor(at / outputs / width)];
    let sum = b[n];
    for (let tap = 0; tap < 9; tap++) {
      const [u, v] = [i + Math.floor(tap / 3) - 1, j + tap % 3 - 1];
      if (u < 0 || v < 0 || u >= height || v >= width) continue;
      for (let c = 0; c < channels; c++) {
        sum += x[(u * width + v) * channels + c] * k[(n * channels + c) * 9 + tap];
      }
    }
    return sum;
  });
}

/** One head over its own rows: qkv [rows, 3·d] → [rows, d]. */
export function attentionTwin(qkv: Float32Array, rows: number, d: number): Float32Array {
  const out = new Float32Array(rows * d);
  for (let row = 0; row < rows; row++) {
    const weights = Array.from({ length: rows }, (_, key) => {
      let score = 0;
      for (let i = 0; i < d; i++) score += qkv[row * 3 * d + i] * qkv[key * 3 * d + d + i];
      return Math.exp(score / Math.sqrt(d));
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, key) => {
      for (let i = 0; i < d; i++) out[row * d + i] += weight / sum * qkv[key * 3 * d + 2 * d + i];
    });
  }
  return out;
}

/** GroupNorm of x [rows, channels]. */
export function normTwin(x: Float32Array, gamma: Float32Array, beta: Float32Array, groups: number): Float32Array {
  const channels = gamma.length, width = channels / groups;
  const groupOf = (at: number) => Math.floor(at % channels / width);
  const count = x.length / groups;
  const sums = new Float64Array(groups), squares = new Float64Array(groups);
  x.forEach((value, at) => sums[groupOf(at)] += value / count);
  x.forEach((value, at) => squares[groupOf(at)] += (value - sums[groupOf(at)]) ** 2 / count);
  return x.map((value, at) => {
    const group = groupOf(at), c = at % channels;
    return (value - sums[group]) / Math.sqrt(squares[group] + 1e-5) * gamma[c] + beta[c];
  });
}
