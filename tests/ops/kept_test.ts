/** Products with weights that stay quantised on the device are those with the numbers that their blocks hold. */
import assert from "@std/assert";
import { fromBlocks } from "../../src/formats/ggml_blocks.ts";
import { toBlocks } from "../../src/formats/ggml_quantize.ts";
import { linear } from "../../src/ops/matmul.ts";
import { assertClose, compute, random, TOLERANCE, WAYS } from "./harness.ts";

/** Rows and columns of whole blocks; panels in part, narrow ones, gates, several matrices below one another. */
const CASES = [
  { m: 5, n: 70, k: 64, gated: false, parts: 1 },
  { m: 33, n: 8, k: 96, gated: false, parts: 1 },
  { m: 9, n: 36, k: 32, gated: true, parts: 1 },
  { m: 2, n: 192, k: 320, gated: false, parts: 3 },
];

for (const way of WAYS) {
  for (const keep of ["q8_0", "q4_0"] as const) {
    Deno.test(`linear with ${keep} on the device, ${way.name}`, async () => {
      const [atol, rtol] = TOLERANCE[way.precision];
      for (const { m, n, k, gated, parts } of CASES) {
        const rows = n * (gated ? 2 : 1);
        const names = Array.from({ length: parts }, (_, i) => `w${i}`);
        const file = names.map((_, i) => Float16Array.from(random(rows / parts * k, 7 + i)));
        const held = file.map((values) => {
          const type = keep === "q8_0" ? "Q8_0" : "Q4_0";
          return fromBlocks(toBlocks(Float32Array.from(values), type), type);
        });
        const x = [{ shape: [1, m, k], values: random(m * k) }];
        const product = (keep: typeof way.keep, matrices: (Float16Array | Float32Array)[]) =>
          compute(
            { ...way, keep },
            x,
            Object.fromEntries(matrices.map((values, i) => [`w${i}.weight`, { shape: [rows / parts, k], values }])),
            (g, w, [input]) => linear(g, input, w.matrix("w", k, n, { parts: names, bias: false, gated })),
          );
        const [quantised, plain] = [await product(keep, file), await product(undefined, held)];
        assertClose(quantised, plain, atol, rtol);
        assert.ok(plain.some((value) => Math.abs(value) > 0.5));
      }
    });
  }
}
