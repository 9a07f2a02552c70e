/** Convolution by Winograd's transform against a plain one, at the sizes where tiles do not come out even. */
import assert from "@std/assert";
import { conv3x3 } from "../../src/ops/matmul.ts";
import { assertClose, compute, random, WAYS } from "./harness.ts";
import { F2, F4, type Matrix } from "./winograd.ts";

const CASES = [
  { batch: 2, height: 7, width: 9, channels: 36, outputs: 68, up: false },
  { batch: 1, height: 1, width: 4, channels: 4, outputs: 12, up: false },
  { batch: 1, height: 5, width: 3, channels: 20, outputs: 33, up: true },
];

/** y[e, i, j, n] = Σ x[e, i + u − 1, j + v − 1, c]·k[n, c, u, v] + b[n], x doubled and cut where it grows. */
function naive(
  x: Float32Array,
  k: Float32Array,
  b: Float32Array,
  { batch, height, width, channels, outputs, up }: typeof CASES[0],
) {
  const [h, w] = up ? [2 * height, 2 * width - 1] : [height, width];
  const padded = Math.ceil(outputs / 4) * 4;
  const y = new Float32Array(batch * h * w * padded);
  for (let at = 0; at < batch * h * w; at++) {
    const [e, i, j] = [Math.floor(at / w / h), Math.floor(at / w) % h, at % w];
    for (let n = 0; n < outputs; n++) {
      let sum = b[n];
      for (let t = 0; t < 9; t++) {
        const [u, v] = [i + Math.floor(t / 3) - 1, j + t % 3 - 1];
        if (u < 0 || v < 0 || u >= h || v >= w) continue;
        const from = ((e * height + (up ? u >> 1 : u)) * width + (up ? v >> 1 : v)) * channels;
        for (let c = 0; c < channels; c++) sum += x[from + c] * k[(n * channels + c) * 9 + t];
      }
      y[at * padded + n] = sum;
    }
  }
  return y;
}

Deno.test("Winograd's matrices, made from their points, give a tile of a convolution", () => {
  for (const { m, At, G, Bt } of [F2, F4]) {
    const side = m + 2;
    const [d, g] = [random(side * side, 1), random(9, 2)];
    /** a·b·aᵀ of a square b. */
    const around = (a: Matrix, b: (i: number, j: number) => number) =>
      a.map((down) =>
        a.map((across) => sum(down.length, (i) => sum(across.length, (j) => down[i] * b(i, j) * across[j])))
      );
    const [U, V] = [around(G, (i, j) => g[i * 3 + j]), around(Bt, (i, j) => d[i * side + j])];
    around(At, (i, j) => U[i][j] * V[i][j]).forEach((row, y) =>
      row.forEach((value, x) => {
        const expected = sum(9, (t) => g[t] * d[(y + Math.floor(t / 3)) * side + x + t % 3]);
        assert.ok(Math.abs(value - expected) < 1e-13, `${value} is not ${expected}`);
      })
    );
  }
});

function sum(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

for (const way of WAYS) {
  // The bounds that src/ops/winograd.ts states, of the largest result: f16 rounds patches and weights, f32 next to
  // nothing.
  const bound = way.precision === "f32" ? 1e-5 : 4e-3;
  Deno.test(`conv3x3 by Winograd ${way.name}: odd sizes, doubled pictures, with shift, residual and SiLU`, async () => {
    const variants = ["winograd whole", "winograd in three", "winograd 4"];
    for (const [test, variant] of CASES.flatMap((test) => variants.map((variant) => [test, variant] as const))) {
      const { batch, height, width, channels, outputs, up } = test;
      const stored = (count: number, seed: number) => {
        const values = random(count, seed);
        return way.precision === "f16" ? Float32Array.from(Float16Array.from(values)) : values;
      };
      const x = stored(batch * height * width * channels, 1),
        k = stored(outputs * channels * 9, 2),
        bias = random(outputs, 3);
      const sums = naive(x, k, bias, test);
      const padded = Math.ceil(outputs / 4) * 4;
      const shift = stored(batch * padded, 4), residual = stored(sums.length, 5);
      const shape = up ? [batch, 2 * height, 2 * width - 1, padded] : [batch, height, width, padded];
      const given = [
        { shape: [batch, height, width, channels], values: x },
        { shape: [batch, 1, padded], values: shift },
        { shape, values: residual },
      ];
      const y = await compute(
        { ...way, forced: { conv3x3: variant } },
        given,
        { "c.weight": { shape: [outputs, channels, 3, 3], values: k }, "c.bias": { shape: [outputs], values: bias } },
        (g, w, [x, shift, residual]) =>
          conv3x3(g, x, w.matrix("c", channels, outputs, { taps: 9 }), {
            shift,
            residual,
            activation: "silu",
            upsampleTo: up ? [2 * height, 2 * width - 1] : undefined,
          }),
      );
      const each = sums.length / batch;
      const expected = sums.map((sum, i) => {
        const v = sum + shift[Math.floor(i / each) * padded + i % padded];
        return v / (1 + Math.exp(-v)) + residual[i];
      });
      assertClose(y, expected, bound * expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0), 0);
    }
  });
}

Deno.test("in f16 the mean error is below 3e-4 of the mean result by taps, 7e-4 by tiles of 2×2, 2e-3 by tiles of 4×4", async () => {
  const test = { batch: 1, height: 12, width: 16, channels: 320, outputs: 64, up: false };
  const halfs = (count: number, seed: number) => Float32Array.from(Float16Array.from(random(count, seed)));
  const x = halfs(12 * 16 * 320, 1), k = halfs(64 * 320 * 9, 2), bias = new Float32Array(64);
  const expected = naive(x, k, bias, test);
  const size = (values: ArrayLike<number>) => Math.sqrt(sum(values.length, (i) => values[i] ** 2) / values.length);
  for (const [variant, bound] of [["taps", 3e-4], ["winograd in three", 7e-4], ["winograd 4", 2e-3]] as const) {
    const y = await compute(
      { ...WAYS.find(({ precision }) => precision === "f16")!, forced: { conv3x3: variant } },
      [{ shape: [1, 12, 16, 320], values: x }],
      { "c.weight": { shape: [64, 320, 3, 3], values: k }, "c.bias": { shape: [64], values: bias } },
      (g, w, [x]) => conv3x3(g, x, w.matrix("c", 320, 64, { taps: 9 })),
    );
    const error = size(expected.map((v, i) => y[i] - v)) / size(expected);
    assert.ok(error < bound, `${variant}: ${error}`);
  }
});
