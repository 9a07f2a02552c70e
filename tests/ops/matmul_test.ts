import assert from "@std/assert";
import { matmulTile } from "../../src/ops/choose_tile.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { MATMUL } from "../../src/ops/variants.ts";
import { assertClose, compute, random, testDevice, TOLERANCE, TOLERANCE_OF_HALFS, type Way, WAYS } from "./harness.ts";

/**
 * Every variant by name, besides those that the classes of device choose. One that compiles for seconds has its own
 * test.
 */
const FORCED = [...Object.keys(MATMUL).filter((name) => name !== "lanes 32"), "tile 8 / 3"].map((variant): Way => ({
  precision: "f16",
  kind: "like a GPU without subgroups",
  name: `f16 as "${variant}"`,
  forced: { matmul: variant },
}));

/** Rounds as storage does, so that the twin starts from what the kernel sees. */
const stored = (precision: "f32" | "f16", x: Float32Array) =>
  precision === "f16" ? Float32Array.from(Float16Array.from(x)) : x;

const silu = (x: number) => x / (1 + Math.exp(-x));
const quickGelu = (x: number) => x / (1 + Math.exp(-1.702 * x));
/** erf by its Taylor series: exact to double precision for the |x| that occur. */
function erf(x: number): number {
  let term = x, sum = x;
  for (let n = 1; n < 120; n++) sum += (term *= -x * x / n) / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * sum;
}
const gelu = (x: number) => Math.abs(x) > 6 ? Math.max(x, 0) : 0.5 * x * (1 + erf(x / Math.SQRT2));

/** y[m, n] = Σ x[m, k]·w[n, k] + b[n] */
function naiveLinear(x: Float32Array, w: Float32Array, b: Float32Array | undefined, m: number, n: number, k: number) {
  const y = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = b ? b[j] : 0;
      for (let q = 0; q < k; q++) sum += x[i * k + q] * w[j * k + q];
      y[i * n + j] = sum;
    }
  }
  return y;
}

for (const way of [...WAYS, ...FORCED]) {
  const { precision } = way;
  const [atol, rtol] = way.forced?.matmul.includes("halfs") ? TOLERANCE_OF_HALFS : TOLERANCE[precision];

  Deno.test(`linear ${way.name}: odd rows, columns across panels, every epilogue`, async () => {
    const cases = [
      { m: 1, n: 4, k: 4, activation: "none" },
      { m: 37, n: 100, k: 36, activation: "quick_gelu" },
      { m: 5, n: 68, k: 320, activation: "gelu" },
      { m: 67, n: 132, k: 44, activation: "silu" },
    ] as const;
    for (const { m, n, k, activation } of cases) {
      const x = stored(precision, random(m * k)), w = stored(precision, random(n * k, 2)), b = random(n, 3);
      // Eight channels of the shift are not this layer's.
      const shift = stored(precision, random(8 + n, 4)), residual = stored(precision, random(m * n, 5));
      const given = [{ shape: [1, m, k], values: x }, { shape: [1, 1, 8 + n], values: shift }, {
        shape: [1, m, n],
        values: residual,
      }];
      const y = await compute(
        way,
        given,
        { "l.weight": { shape: [n, k], values: w }, "l.bias": { shape: [n], values: b } },
        (g, weights, [x, of, residual]) =>
          linear(g, x, weights.matrix("l", k, n), { activation, shift: { of, first: 8 }, residual }),
      );
      const act = { none: (v: number) => v, silu, gelu, quick_gelu: quickGelu }[activation];
      const expected = naiveLinear(x, w, b, m, n, k).map((v, i) => act(v + shift[8 + i % n]) + residual[i]);
      assertClose(y, expected, atol, rtol);
    }
  });

  Deno.test(`linear ${way.name}: joined parts, gated columns, 1×1 convolution`, async () => {
    const m = 19, k = 20, n = 36;
    const x = stored(precision, random(m * k)),
      a = stored(precision, random(n * k, 2)),
      b = stored(precision, random(n * k, 3));
    const joined = await compute(way, [{ shape: [1, m, k], values: x }], {
      "k.weight": { shape: [n, k], values: a },
      "v.weight": { shape: [n, k], values: b },
    }, (g, w, [x]) => linear(g, x, w.matrix("kv", k, 2 * n, { parts: ["k", "v"], bias: false })));
    assertClose(joined, naiveLinear(x, Float32Array.of(...a, ...b), undefined, m, 2 * n, k), atol, rtol);

    const both = Float32Array.of(...a, ...b), bias = random(2 * n, 4);
    const gated = await compute(way, [{ shape: [1, m, k], values: x }], {
      "l.weight": { shape: [2 * n, k], values: both },
      "l.bias": { shape: [2 * n], values: bias },
    }, (g, w, [x]) => linear(g, x, w.matrix("l", k, n, { gated: true })));
    const full = naiveLinear(x, both, bias, m, 2 * n, k);
    const expected = Float32Array.from({ length: m * n }, (_, i) => {
      const [row, col] = [Math.floor(i / n), i % n];
      return full[row * 2 * n + col] * gelu(full[row * 2 * n + n + col]);
    });
    assertClose(gated, expected, atol, rtol);
  });

  Deno.test(`conv3x3 ${way.name}: padding, stride, doubling with a cut, padding after; channels no multiple of 4`, async () => {
    const cases = [
      { b: 2, h: 7, w: 9, c: 12, o: 68, stride: 1, upsample: false, padAfter: false },
      { b: 1, h: 7, w: 10, c: 36, o: 8, stride: 2, upsample: false, padAfter: false },
      { b: 1, h: 6, w: 10, c: 8, o: 12, stride: 2, upsample: false, padAfter: true },
      { b: 2, h: 5, w: 3, c: 4, o: 4, stride: 1, upsample: true, padAfter: false },
      { b: 1, h: 6, w: 5, c: 3, o: 3, stride: 1, upsample: false, padAfter: false },
    ] as const;
    for (const { b, h, w, c, o, stride, upsample, padAfter } of cases) {
      const x = stored(precision, random(b * h * w * c)),
        k = stored(precision, random(o * c * 9, 2)),
        bias = random(o, 3);
      const cp = Math.ceil(c / 4) * 4, op = Math.ceil(o / 4) * 4;
      const padded = new Float32Array(b * h * w * cp);
      for (let i = 0; i < b * h * w; i++) for (let q = 0; q < c; q++) padded[i * cp + q] = x[i * c + q];
      const y = await compute(way, [{ shape: [b, h, w, cp], values: padded }], {
        "c.weight": { shape: [o, c, 3, 3], values: k },
        "c.bias": { shape: [o], values: bias },
      }, (g, weights, [x]) =>
        conv3x3(g, x, weights.matrix("c", c, o, { taps: 9, stride }), {
          stride,
          upsampleTo: upsample ? [2 * h, 2 * w - 1] : undefined,
          padAfter,
        }));
      const up = upsample ? 2 : 1, before = padAfter ? 0 : 1;
      const vh = h * up, vw = upsample ? 2 * w - 1 : w; // odd sizes cut the doubled picture
      const oh = Math.floor((vh - (padAfter ? 2 : 1)) / stride) + 1;
      const ow = Math.floor((vw - (padAfter ? 2 : 1)) / stride) + 1;
      const expected = new Float32Array(b * oh * ow * op);
      for (let e = 0; e < b; e++) {
        for (let i = 0; i < oh; i++) {
          for (let j = 0; j < ow; j++) {
            for (let n = 0; n < o; n++) {
              let sum = bias[n];
              for (let t = 0; t < 9; t++) {
                const yy = i * stride + Math.floor(t / 3) - before, xx = j * stride + t % 3 - before;
                if (yy < 0 || xx < 0 || yy >= vh || xx >= vw) continue;
                const from = ((e * h + Math.floor(yy / up)) * w + Math.floor(xx / up)) * c;
                for (let q = 0; q < c; q++) sum += x[from + q] * k[(n * c + q) * 9 + t];
              }
              expected[((e * oh + i) * ow + j) * op + n] = sum;
            }
          }
        }
      }
      assertClose(y, expected, atol, rtol);
    }
    const [m, c, o] = [35, 20, 12];
    const x = stored(precision, random(m * c)), k = stored(precision, random(o * c, 2));
    const y = await compute(way, [{ shape: [1, 5, 7, c], values: x }], {
      "c.weight": { shape: [o, c, 1, 1], values: k },
    }, (g, w, [x]) => linear(g, x, w.matrix("c", c, o, { bias: false })));
    assertClose(y, naiveLinear(x, k, undefined, m, o, c), atol, rtol);
  });
}

Deno.test("linear f16: the longest products, with 32 rows a lane, are those of 16 to the bit", async () => {
  const device = await testDevice();
  if (device.kind === "software") {
    assert.equal(matmulTile(device, { rows: 8192, panels: 10, depth: 160, taps: 1 }, 64, "f16").rows, 32);
    assert.equal(matmulTile(device, { rows: 2048, panels: 10, depth: 160, taps: 1 }, 64, "f16").rows, 16);
  }
  const [m, k, n] = [75, 36, 132];
  const given = [{ shape: [1, m, k], values: random(m * k) }, { shape: [1, m, n], values: random(m * n, 2) }];
  const weights = {
    "l.weight": { shape: [n, k], values: random(n * k, 3) },
    "l.bias": { shape: [n], values: random(n, 4) },
  };
  const [half, whole] = await Promise.all(["lanes 16", "lanes 32"].map((matmul) => {
    const way = { precision: "f16", kind: "as it is", name: matmul, forced: { matmul } } as const;
    return compute(way, given, weights, (g, w, [x, residual]) => linear(g, x, w.matrix("l", k, n), { residual }));
  }));
  assert.deepEqual(whole, half);
});

Deno.test("linear f16: more bands of rows than a device starts along one side", async () => {
  const rows = 65_536 * 16 + 5;
  const x = Float32Array.from({ length: rows * 4 }, (_, i) => i % 13 - 6);
  const values = Float32Array.from({ length: 16 }, (_, i) => i % 5 - 2);
  const weights = { "w.weight": { shape: [4, 4], values } };
  const way = { precision: "f16", kind: "as it is" } as const;
  const y = await compute(way, [{ shape: [1, rows, 4], values: x }], weights, (g, w, [x]) => {
    return linear(g, x, w.matrix("w", 4, 4, { bias: false }));
  });
  const expected = y.map((_, i) => {
    const [row, column] = [Math.floor(i / 4) * 4, i % 4 * 4];
    return [0, 1, 2, 3].reduce((sum, k) => sum + x[row + k] * values[column + k], 0);
  });
  assertClose(y, expected, 0, 0); // whole numbers, exact in halfs
});
