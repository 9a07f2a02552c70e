import assert from "@std/assert";
import { type Activation, ACTIVATIONS } from "../../src/ops/activation.ts";
import { add, concat, meanEverywhere, pixels } from "../../src/ops/elementwise.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readTensor, writeFloats } from "../../src/gpu/storage.ts";
import { assertClose, compute, random, testDevice, TOLERANCE, WAYS } from "./harness.ts";

for (const way of WAYS) {
  const [atol, rtol] = TOLERANCE[way.precision];

  Deno.test(`add and concat ${way.name}: more elements than a workgroup, uneven channels, SiLU`, async () => {
    const a = random(1 * 37 * 12), b = random(1 * 37 * 20, 2), c = random(1 * 37 * 12, 3);
    const joined = await compute(
      way,
      [{ shape: [1, 37, 12], values: a }, { shape: [1, 37, 20], values: b }],
      {},
      (g, _, [a, b]) => concat(g, a, b),
    );
    const expected = Float32Array.from({ length: 37 * 32 }, (_, i) => {
      const [row, column] = [Math.floor(i / 32), i % 32];
      return column < 12 ? a[row * 12 + column] : b[row * 20 + column - 12];
    });
    assertClose(joined, expected, atol, rtol);
    const sum = await compute(
      way,
      [{ shape: [1, 37, 12], values: a }, { shape: [1, 37, 12], values: c }],
      {},
      (g, _, [a, c]) => add(g, a, c, { activation: "silu" }),
    );
    assertClose(sum, a.map((v, i) => (v + c[i]) / (1 + Math.exp(-v - c[i]))), atol, rtol);
  });

  Deno.test(`mean ${way.name}: more rows than invocations, and fewer; entries apart`, async () => {
    for (const [batch, height, width, channels] of [[2, 9, 13, 12], [3, 2, 2, 4]]) {
      const rows = height * width;
      const x = random(batch * rows * channels, 7);
      const given = [{ shape: [batch, height, width, channels], values: x }];
      const means = await compute(way, given, {}, (g, _, [x]) => meanEverywhere(g, x));
      const mean = (entry: number, channel: number) => {
        const own = Array.from({ length: rows }, (_, row) => x[(entry * rows + row) * channels + channel]);
        return own.reduce((sum, v) => sum + v, 0) / rows;
      };
      const expected = x.map((_, i) => mean(Math.floor(i / (rows * channels)), i % channels));
      assertClose(means, expected, atol, rtol);
    }
  });

  Deno.test(`add ${way.name}: a scaled summand, and every nonlinearity`, async () => {
    const a = random(12, 4).map((v) => 5 * v), b = random(12, 5);
    const erf = (x: number) => 2 / Math.sqrt(Math.PI) * simpson((t) => Math.exp(-t * t), x);
    const twins: Record<Activation, (x: number) => number> = {
      none: (x) => x,
      silu: (x) => x / (1 + Math.exp(-x)),
      gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
      quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
      relu: (x) => Math.max(0, x),
      leaky_relu: (x) => x < 0 ? 0.2 * x : x,
      soft_clamp: (x) => 3 * Math.tanh(x / 3),
    };
    for (const activation of ACTIVATIONS) {
      const sum = await compute(
        way,
        [{ shape: [1, 3, 4], values: a }, { shape: [1, 3, 4], values: b }],
        {},
        (g, _, [a, b]) => add(g, a, b, { activation, scale: 0.2 }),
      );
      assertClose(sum, a.map((v, i) => twins[activation](v + 0.2 * b[i])), atol, rtol);
    }
  });
}

/** ∫₀ˣ f by Simpson's rule. */
function simpson(f: (t: number) => number, x: number): number {
  const steps = 200;
  const terms = Array.from({ length: steps + 1 }, (_, i) => f(x * i / steps) * (i % steps === 0 ? 1 : i % 2 ? 4 : 2));
  return terms.reduce((sum, term) => sum + term, 0) * x / steps / 3;
}

Deno.test("pixels: rounds and clamps, and marks what is no number", async () => {
  const device = await testDevice();
  const g = new Graph(device, "pixels", "f32");
  const x = g.input("x", [1, 1, 5, 4]);
  const out = g.output(pixels(g, x));
  const program = await g.compile();
  const row = [[-1, 0, 1], [-2, 2, 0.004], [NaN, 0, 0], [0, Infinity, 0], [0.5, -0.5, 0.25]];
  writeFloats(device, x, row.flatMap((rgb) => [...rgb, 0]));
  program.run();
  const bytes = [...new Uint8Array(await readTensor(device, out))];
  assert.deepEqual(bytes.slice(0, 8), [0, 128, 255, 255, 0, 255, 128, 255]);
  assert.deepEqual([bytes[11], bytes[15]], [0, 0]);
  assert.deepEqual(bytes.slice(16), [191, 64, 159, 255]);
  program.destroy();

  const half = new Graph(device, "pixels", "f32");
  const y = half.input("y", [1, 1, 3, 4]);
  const seen = half.output(pixels(half, y, 0));
  const other = await half.compile();
  writeFloats(device, y, [0, 0.5, 1, 0, -1, 2, 0.25, 0, 1, 1, 1, 0]);
  other.run();
  const levels = [...new Uint8Array(await readTensor(device, seen))];
  assert.deepEqual(levels.slice(0, 7), [0, 128, 255, 255, 0, 255, 64]);
  other.destroy();
});

Deno.test("halfs are the nearest to what is stored, small and large ones too", async () => {
  const halfs = [...new Float16Array(Uint16Array.from({ length: 2 ** 15 }, (_, bits) => bits).buffer)].filter(isFinite);
  const between = halfs.flatMap((v, i) => {
    const step = (halfs[i + 1] ?? 2 ** 16) - v;
    return [v, v + 0.499 * step, v + step / 2, v + 0.501 * step];
  });
  const values = Float32Array.from([...between, 7e4, 1e30, 1e-30, Infinity].flatMap((v) => [v, -v]));
  const device = await testDevice();
  const g = new Graph(device, "halfs", "f16");
  const x = g.input("x", [values.length], "f32", "plain");
  const out = g.output(g.tensor("out", [values.length]));
  const source = `@group(0) @binding(0) var<uniform> p: Params;
struct Params { quads: u32 }
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
// result 2 out
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < p.quads) { out_put(id.x, x[id.x]); } }`;
  const quads = values.length / 4;
  g.dispatch({
    kernel: { name: "halfs", source },
    params: { quads },
    bindings: [x, out],
    grid: [Math.ceil(quads / 64)],
  });
  using program = await g.compile();
  writeFloats(device, x, values);
  program.run();
  assert.deepEqual(new Uint8Array(await readTensor(device, out)), new Uint8Array(Float16Array.from(values).buffer));
});
