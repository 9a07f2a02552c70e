import { groupNorm, layerNorm } from "../../src/ops/norm.ts";
import { assertClose, compute, random, WAYS } from "./harness.ts";

/** The mean of five makes a variance from sums of squares lose digits: the kernels must not. */
const OFFSET = 5;

for (const way of WAYS) {
  const { precision } = way;
  const [atol, rtol] = precision === "f32" ? [2e-5, 2e-5] : [8e-3, 4e-3]; // results of ±3 in f16: half an ulp is 1e-3

  Deno.test(`groupNorm ${way.name}: groups across quads, odd rows, batch, SiLU`, async () => {
    for (
      const { b, h, w, c, groups, silu, norm } of [
        { b: 2, h: 5, w: 7, c: 20, groups: 2, silu: true },
        { b: 1, h: 33, w: 31, c: 24, groups: 8, silu: false },
        { b: 1, h: 1, w: 1, c: 12, groups: 3, silu: false },
        { b: 1, h: 3, w: 2, c: 40, groups: 1, silu: true },
      ].flatMap((shape) => ["strips", "whole"].map((norm) => ({ ...shape, norm })))
    ) {
      const n = h * w;
      const x = Float32Array.from(Float16Array.from(random(b * n * c).map((v) => v + OFFSET)));
      const gamma = random(c, 2), beta = random(c, 3);
      const y = await compute({ ...way, forced: { norm } }, [{ shape: [b, h, w, c], values: x }], {
        "n.weight": { shape: [c], values: gamma },
        "n.bias": { shape: [c], values: beta },
      }, (g, weights, [x]) => groupNorm(g, x, { ...weights.norm("n", c, 1e-5), groups }, silu));
      const expected = new Float32Array(x.length);
      const width = c / groups;
      for (let e = 0; e < b; e++) {
        for (let q = 0; q < groups; q++) {
          const at = (i: number) => (e * n + Math.floor(i / width)) * c + q * width + i % width;
          const values = Array.from({ length: n * width }, (_, i) => x[at(i)]);
          const mean = values.reduce((s, v) => s + v, 0) / values.length;
          const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length;
          values.forEach((v, i) => {
            const channel = q * width + i % width;
            const z = (v - mean) / Math.sqrt(variance + 1e-5) * gamma[channel] + beta[channel];
            expected[at(i)] = silu ? z / (1 + Math.exp(-z)) : z;
          });
        }
      }
      assertClose(y, expected, atol, rtol);
    }
  });

  Deno.test(`layerNorm ${way.name}: rows no multiple of the tile, padded channels`, async () => {
    for (const { rows, c } of [{ rows: 7, c: 20 }, { rows: 77, c: 68 }, { rows: 3, c: 10 }]) {
      const padded = Math.ceil(c / 4) * 4;
      const x = Float32Array.from(
        Float16Array.from(random(rows * padded).map((v, i) => i % padded < c ? v + OFFSET : 0)),
      );
      const gamma = random(c, 2), beta = random(c, 3);
      const y = await compute(way, [{ shape: [1, rows, padded], values: x }], {
        "n.weight": { shape: [c], values: gamma },
        "n.bias": { shape: [c], values: beta },
      }, (g, weights, [x]) => layerNorm(g, x, weights.norm("n", c, 1e-5), c));
      const expected = new Float32Array(x.length);
      for (let r = 0; r < rows; r++) {
        const row = x.subarray(r * padded, r * padded + c);
        const mean = row.reduce((s, v) => s + v, 0) / c;
        const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / c;
        row.forEach((v, i) => expected[r * padded + i] = (v - mean) / Math.sqrt(variance + 1e-5) * gamma[i] + beta[i]);
      }
      assertClose(y, expected, atol, rtol);
    }
  });
}
