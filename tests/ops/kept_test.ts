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
  { m: 3, n: 16, k: 64, gated: false, parts: 1, values: subnormal },
  { m: 3, n: 16, k: 64, gated: false, parts: 1, values: ties },
];

/** Blocks whose scales are below the least normal half, which a device may take for zero. */
function subnormal(count: number): Float32Array {
  return random(count, 7).map((value) => value * 2 ** -12);
}

/**
 * Numbers right between two steps of q8_0, of which 1/3 is the inverse: a division that is off rounds them otherwise.
 */
function ties(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (i % 32 ? (37 * i) % 509 - 254 : 254) * 0.75 / 256);
}

for (const way of WAYS) {
  for (const keep of ["q8_0", "q4_0"] as const) {
    Deno.test(`linear with ${keep} on the device, ${way.name}`, async () => {
      const [atol, rtol] = TOLERANCE[way.precision];
      for (const { m, n, k, gated, parts, values = random } of CASES) {
        const rows = n * (gated ? 2 : 1);
        const names = Array.from({ length: parts }, (_, i) => `w${i}`);
        const file = names.map((_, i) => Float16Array.from(values(rows / parts * k, 7 + i)));
        const held = file.map((values) => {
          const type = keep === "q8_0" ? "Q8_0" : "Q4_0";
          return fromBlocks(toBlocks(Float32Array.from(values), type), type);
        });
        const x = [{
          shape: [1, m, k],
          values: random(m * k).map((value) => value * (values === subnormal ? 2 ** 12 : 1)),
        }];
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

Deno.test("what a block holds does not depend on how a device divides, nor on what it makes of subnormal halfs", async () => {
  // As loosely as WGSL allows.
  const code = (code: string) =>
    code.replace(/1\.0 \/ (\w+)/g, "bitcast<f32>(bitcast<u32>(1.0 / $1) - 1u)")
      .replace(/(\w+(?:\(\w+\))?) \/ 127\.0/g, "bitcast<f32>(bitcast<u32>($1 / 127.0) + 1u)")
      .replaceAll("unpack2x16float(", "flushed(") +
    "fn flushed(word: u32) -> vec2f { let v = unpack2x16float(word); return select(v, vec2f(0), abs(v) < vec2f(0x1p-14)); }";
  for (const values of [subnormal, ties]) {
    const [n, k] = [16, 64];
    const weights = { "w.weight": { shape: [n, k], values: values(n * k) } };
    const x = [{ shape: [1, 3, k], values: random(3 * k).map((value) => value * 2 ** 12) }];
    const product = (code?: (code: string) => string) =>
      compute({ precision: "f32", kind: "like a GPU", keep: "q8_0", code }, x, weights, (g, w, [x]) => {
        return linear(g, x, w.matrix("w", k, n, { bias: false }));
      });
    assert.deepEqual(await product(code), await product());
  }
});
