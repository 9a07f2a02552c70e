import { paddedWidth, padHeads } from "../../src/nn/pad_heads.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { attention, type Heads, selfMap } from "../../src/ops/attention.ts";
import { linear } from "../../src/ops/matmul.ts";
import { assertClose, compute, random, WAYS } from "../ops/harness.ts";
import assert from "@std/assert";

Deno.test("padHeads puts zeros behind each head, along rows and columns, whatever range is read", async () => {
  const values = Float32Array.from({ length: 4 * 2 }, (_, i) => i + 1);
  const source = arraysSource({ w: { shape: [4, 2], values } });
  const rows: Heads = { count: 2, width: 2 };
  const padded = padHeads(source, new Map([["w", { rows }]]));
  assert.deepEqual(padded.tensors.get("w")!.shape, [8, 2]);
  const some = new Uint8Array(4 * 8);
  await padded.read("w", some, 4 * 4);
  assert.deepEqual([...new Float32Array(some.buffer)], [0, 0, 0, 0, 5, 6, 7, 8]);
  const columns = padHeads(source, new Map([["w", { columns: { count: 1, width: 2 } }]]));
  const all = new Uint8Array(4 * 4 * 4);
  await columns.read("w", all);
  assert.deepEqual([...new Float32Array(all.buffer)].slice(0, 8), [1, 2, 0, 0, 3, 4, 0, 0]);
});

Deno.test("attention with heads of 6 channels gives what it gives without padding", async () => {
  const heads: Heads = { count: 2, width: 6 }, c = 12, rows = 5;
  const inner = paddedWidth(heads);
  const x = random(rows * c);
  const names = ["q", "k", "v", "o"];
  const matrices = names.map((_, i) => random(c * c, i + 2));
  const entries = names.map((name, i) => [`${name}.weight`, { shape: [c, c], values: matrices[i] }]);
  const y = await compute(WAYS[0], [{ shape: [1, rows, c], values: x }], Object.fromEntries(entries), (g, w, [x]) => {
    const parts = ["q", "k", "v"];
    const qkv = linear(g, x, w.matrix("q", c, 3 * inner, { parts, bias: false, outHeads: heads }));
    const mixed = attention(g, { qkv }, heads, selfMap(1, rows));
    return linear(g, mixed, w.matrix("o", inner, c, { bias: false, inHeads: heads }));
  });
  const times = (a: ArrayLike<number>, m: Float32Array) =>
    Float64Array.from({ length: rows * c }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < c; k++) sum += a[Math.floor(i / c) * c + k] * m[(i % c) * c + k];
      return sum;
    });
  const [q, k, v] = matrices.slice(0, 3).map((m) => times(x, m));
  const mixed = new Float64Array(rows * c);
  for (let row = 0; row < rows; row++) {
    for (let h = 0; h < 2; h++) {
      const e = Array.from({ length: rows }, (_, key) => {
        let s = 0;
        for (let i = 0; i < 6; i++) s += q[row * c + h * 6 + i] * k[key * c + h * 6 + i];
        return Math.exp(s / Math.sqrt(6));
      });
      const sum = e.reduce((a, b) => a + b, 0);
      e.forEach((share, key) => {
        for (let i = 0; i < 6; i++) mixed[row * c + h * 6 + i] += share / sum * v[key * c + h * 6 + i];
      });
    }
  }
  assertClose(y, times(mixed, matrices[3]), 2e-5, 2e-5);
});
