/** Low-rank adapters of which each row takes its own, against naive twins, at odd sizes. */
import assert from "@std/assert";
import type { Graph } from "../../src/gpu/graph.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import type { Weights } from "../../src/nn/weights.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { scaleRows } from "../../src/ops/row_adapter.ts";
import type { RowAdapter } from "../../src/ops/weight.ts";
import { assertClose, compute, random, TOLERANCE, WAYS } from "./harness.ts";

/** Two kinds of rows: nothing, and each rank's own strength. */
const RANKS = 6;
const table = Float32Array.from(
  { length: 3 * 8 },
  (_, i) => i % 8 < RANKS ? Math.floor(i / 8) * (0.25 + i % 8 / 8) : 0,
);
const kindsOf = (rows: number) => Uint32Array.from({ length: rows }, (_, row) => (row * row + 1) % 3);
const scalesOf = (g: Graph, rows: number) => ({
  kinds: g.constant("kinds", kindsOf(rows)),
  table: g.constant("table", table),
});

/** x·Wᵀ in f64: x [m, k], w [n, k]. */
const times = (x: ArrayLike<number>, w: ArrayLike<number>, m: number, n: number, k: number) =>
  Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let q = 0; q < k; q++) sum += x[Math.floor(at / n) * k + q] * w[at % n * k + q];
    return sum;
  });

for (const way of WAYS) {
  const stored = (values: Float32Array) =>
    way.precision === "f16" ? Float32Array.from(Float16Array.from(values)) : values;
  const [atol, rtol] = TOLERANCE[way.precision];

  Deno.test(`scale_rows ${way.name}: each row times the strengths of its kind`, async () => {
    const [entries, rows] = [2, 37];
    const x = stored(random(entries * rows * 8));
    const y = await compute(
      way,
      [{ shape: [entries, rows, 8], values: x }],
      {},
      (g, _, [input]) => scaleRows(g, input, scalesOf(g, entries * rows)),
    );
    const kinds = kindsOf(entries * rows);
    assertClose(y, x.map((value, i) => value * table[kinds[i >> 3] * 8 + i % 8]), atol, rtol);
  });

  Deno.test(`linear with an adapter ${way.name}: W·x + B·(s ∘ A·x), before what bends it`, async () => {
    const [m, n, k] = [21, 36, 20];
    const x = stored(random(m * k)), w = stored(random(n * k, 2)), residual = stored(random(m * n, 5));
    const [a, b] = [stored(random(RANKS * k, 3)), stored(random(n * RANKS, 4))];
    for (const activation of ["none", "silu"] as const) {
      const y = await compute(
        way,
        [{ shape: [1, m, k], values: x }, { shape: [1, m, n], values: residual }],
        {
          "w.weight": { shape: [n, k], values: w },
          "a.weight": { shape: [RANKS, k], values: a },
          "b.weight": { shape: [n, RANKS], values: b },
        },
        (g, own, [input, residual]) => {
          const adapter: RowAdapter = {
            down: own.matrix("a", k, RANKS, { bias: false }),
            up: own.matrix("b", RANKS, n, { bias: false }),
            scales: (g) => scalesOf(g, m),
          };
          return linear(g, input, { ...own.matrix("w", k, n, { bias: false }), adapter }, { activation, residual });
        },
      );
      const low = times(x, a, m, RANKS, k).map((value, i) => {
        return value * table[kindsOf(m)[Math.floor(i / RANKS)] * 8 + i % RANKS];
      });
      const more = times(low, b, m, n, RANKS);
      const expected = times(x, w, m, n, k).map((sum, i) => {
        const z = sum + more[i];
        return (activation === "silu" ? z / (1 + Math.exp(-z)) : z) + residual[i];
      });
      // One more rounding each for A·x, its share and B's product.
      assertClose(y, expected, 4 * atol, 4 * rtol);
    }
  });
}

Deno.test("a convolution's adapter sees the same neighbours as the convolution", async () => {
  const [side, channels] = [5, 8];
  const x = random(side * side * channels), w = random(channels * channels * 9, 2);
  const way = WAYS[0];
  const identity = Float32Array.from({ length: channels * channels }, (_, i) => i % (channels + 1) ? 0 : 1);
  const ones = new Float32Array(2 * 8).fill(1);
  const shape = { shape: [1, side, side, channels], values: x };
  const weight = { shape: [channels, channels, 3, 3], values: w };
  const stride = 2;
  const doubled = await compute(
    way,
    [shape],
    { "w.weight": { ...weight, values: w.map((value) => 2 * value) } },
    (g, own, [input]) =>
      conv3x3(g, input, own.matrix("w", channels, channels, { taps: 9, stride, bias: false }), { stride }),
  );
  const adapted = await compute(
    way,
    [shape],
    { "w.weight": weight, "a.weight": weight, "b.weight": { shape: [channels, channels], values: identity } },
    (g, own, [input]) => {
      const adapter: RowAdapter = {
        down: own.matrix("a", channels, channels, { taps: 9, stride, bias: false }),
        up: own.matrix("b", channels, channels, { bias: false }),
        scales: (g, [, height, width]) => ({
          kinds: g.constant("kinds", new Uint32Array(height * width)),
          table: g.constant("table", ones),
        }),
      };
      const plain = own.matrix("w", channels, channels, { taps: 9, stride, bias: false });
      return conv3x3(g, input, { ...plain, adapter }, { stride });
    },
  );
  assertClose(adapted, doubled, 2e-5, 2e-5);
  assert.ok(doubled.some((value) => Math.abs(value) > 1));
});

Deno.test("what an adapter adds before a layer bends leaves no room for a shift, which is refused", async () => {
  const build = (g: Graph, own: Weights, [x]: Tensor[]) => {
    const adapter: RowAdapter = {
      down: own.matrix("a", 8, 4, { bias: false }),
      up: own.matrix("b", 4, 8, { bias: false }),
      scales: (g) => scalesOf(g, 1),
    };
    const shift = g.input("shift", [1, 1, 8]);
    return linear(g, x, { ...own.matrix("w", 8, 8, { bias: false }), adapter }, { activation: "silu", shift });
  };
  await assert.rejects(compute(WAYS[0], [{ shape: [1, 1, 8], values: random(8) }], {}, build), /shift/);
});
