/**
 * The few products of matrices that adapters are made of. Row-major, sums in f64 where they are cheap, results in f32.
 *
 * @module
 */

/** A tensor on the host. */
export interface Matrix {
  shape: readonly number[];
  values: Float32Array;
}

/** Rows of a matrix, and numbers of each: a kernel's taps count with its input channels. */
export function sidesOf({ shape, values }: Matrix): [rows: number, columns: number] {
  return [shape[0], values.length / shape[0]];
}

/** a·b [m, n] for a [m, r] and b [r, n]: by the host, or by whoever is faster. */
export type Multiply = (a: Matrix, b: Matrix) => Promise<Float32Array>;

/** {@linkcode product} as {@linkcode Multiply}. */
export const multiplyHere: Multiply = (a, b) => Promise.resolve(product(a, b).values);

/** a·b [m, n]. Four terms at once: the memory traffic is what costs. */
export function product(a: Matrix, b: Matrix): Matrix {
  const [m, r] = sidesOf(a);
  const n = b.values.length / r;
  const [x, y] = [a.values, b.values];
  const values = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = values.subarray(i * n, (i + 1) * n);
    let k = 0;
    for (; k + 4 <= r; k += 4) {
      const at = i * r + k;
      const [a0, a1, a2, a3] = [x[at], x[at + 1], x[at + 2], x[at + 3]];
      const [b0, b1, b2, b3] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n];
      for (let j = 0; j < n; j++) row[j] += a0 * y[b0 + j] + a1 * y[b1 + j] + a2 * y[b2 + j] + a3 * y[b3 + j];
    }
    for (; k < r; k++) {
      const factor = x[i * r + k];
      for (let j = 0; j < n; j++) row[j] += factor * y[k * n + j];
    }
  }
  return { shape: [m, n], values };
}

/** Rows and columns of a matrix [m, n] exchanged. */
export function transposed(a: Matrix): Matrix {
  const [m, n] = sidesOf(a);
  const values = new Float32Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) values[j * m + i] = a.values[i * n + j];
  return { shape: [n, m], values };
}

/** The core of a Tucker decomposition applied to its inputs: Σq core[p, q, …] · down[q, i] → [p, i · taps]. */
export function withCore(core: Matrix, down: Matrix): Matrix {
  const [p, q, ...kernel] = core.shape;
  const taps = kernel.reduce((all, size) => all * size, 1);
  const [, n] = sidesOf(down);
  const values = new Float32Array(p * n * taps);
  for (let a = 0; a < p; a++) {
    for (let b = 0; b < q; b++) {
      for (let i = 0; i < n; i++) {
        const factor = down.values[b * n + i];
        for (let t = 0; t < taps; t++) values[(a * n + i) * taps + t] += core.values[(a * q + b) * taps + t] * factor;
      }
    }
  }
  return { shape: [p, n * taps], values };
}

/** Kronecker's product of a [a, b] and w [c, d, …] → [a·c, b·d, …], kernels as they are in w. */
export function kronecker(a: Matrix, w: Matrix): Matrix {
  const [rows, columns] = sidesOf(a);
  const [c, d, ...kernel] = w.shape;
  const taps = kernel.reduce((all, size) => all * size, 1);
  const width = columns * d * taps;
  const values = new Float32Array(rows * c * width);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const factor = a.values[i * columns + j];
      for (let k = 0; k < c; k++) {
        const to = (i * c + k) * width + j * d * taps;
        const from = k * d * taps;
        for (let l = 0; l < d * taps; l++) values[to + l] = factor * w.values[from + l];
      }
    }
  }
  return { shape: [rows * c, columns * d, ...kernel], values };
}
