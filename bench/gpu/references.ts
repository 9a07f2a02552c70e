/**
 * What kernels must give, computed plainly in f64 for a few of their results: cases of any size can be checked so.
 *
 * @module
 */

/** A result by its place: [rows, columns]. */
export type Reference = (row: number, column: number) => number;

/** Results that are looked at. */
const SAMPLES = 48;

/** Numbers in [−1, 1), the same in every run; of a prime length, so that rows differ where it is repeated. */
const TABLE = (() => {
  let state = 2463534242;
  return Float32Array.from({ length: 65537 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
})();

/** As many random numbers within ±`bound` as f16 has them, from place `start` of an endless table. */
export function noise(count: number, bound: number, start = 0): Float32Array<ArrayBuffer> {
  const table = new Float32Array(new Float16Array(TABLE.map((value) => value * bound)));
  const out = new Float32Array(count);
  for (let at = 0; at < count;) {
    const from = (start + at) % table.length;
    const part = table.subarray(from, from + count - at);
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** x [m, k] · wᵀ [n, k]. */
export function productOf(x: Float32Array, w: Float32Array, k: number): Reference {
  return (row, column) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += x[row * k + i] * w[column * k + i];
    return sum;
  };
}

/** 3×3 convolution at stride 1 of x [side, side, channels] with w [outputs, channels, 3, 3]. */
export function convolutionOf(x: Float32Array, w: Float32Array, channels: number, side: number): Reference {
  return (row, column) => {
    const [j, i] = [Math.floor(row / side), row % side];
    let sum = 0;
    for (let tap = 0; tap < 9; tap++) {
      const [y, z] = [j + Math.floor(tap / 3) - 1, i + tap % 3 - 1];
      if (y < 0 || y >= side || z < 0 || z >= side) continue;
      for (let c = 0; c < channels; c++) sum += x[(y * side + z) * channels + c] * w[(column * channels + c) * 9 + tap];
    }
    return sum;
  };
}

/** Attention of q [rows, width·heads] to kv [rows, 2·width·heads]: keys, then values. */
export function attentionOf(q: Float32Array, kv: Float32Array, heads: number, width: number): Reference {
  const all = heads * width, rows = q.length / all;
  return (row, column) => {
    const head = column - column % width;
    const scores = Float64Array.from({ length: rows }, (_, key) => {
      let score = 0;
      for (let i = 0; i < width; i++) score += q[row * all + head + i] * kv[key * 2 * all + head + i];
      return score / Math.sqrt(width);
    });
    const most = scores.reduce((a, b) => Math.max(a, b));
    let [sum, value] = [0, 0];
    scores.forEach((score, key) => {
      const weight = Math.exp(score - most);
      sum += weight;
      value += weight * kv[key * 2 * all + all + column];
    });
    return value / sum;
  };
}

/** Places of samples: corners and borders, where tiles end, and others. */
export function samplesOf(rows: number, columns: number): [number, number][] {
  const edges = [[0, 0], [rows - 1, columns - 1], [0, columns - 1], [rows - 1, 0]] as [number, number][];
  const others = Array.from({ length: SAMPLES - edges.length }, (_, i): [number, number] => [
    Math.floor((TABLE[2 * i] + 1) / 2 * rows),
    Math.floor((TABLE[2 * i + 1] + 1) / 2 * columns),
  ]);
  return [...edges, ...others];
}
