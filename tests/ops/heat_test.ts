import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import { addHeat } from "../../src/ops/heat.ts";
import { assertClose, random, testDevice, WAYS } from "./harness.ts";

/** The same in double precision, head by head with all scores at hand. */
function naive(q: ArrayLike<number>, kv: ArrayLike<number>, heads: number, d: number, words: number[][]): number[] {
  const channels = heads * d, rows = q.length / channels, tokens = kv.length / channels / 2;
  return words.flatMap((weights) =>
    Array.from({ length: rows }, (_, row) => {
      let seen = 0;
      for (let h = 0; h < heads; h++) {
        const scores = Array.from({ length: tokens }, (_, t) => {
          let s = 0;
          for (let i = 0; i < d; i++) s += q[row * channels + h * d + i] * kv[2 * t * channels + h * d + i];
          return Math.exp(s / Math.sqrt(d));
        });
        const sum = scores.reduce((a, b) => a + b, 0);
        scores.forEach((score, t) => seen += weights[t] * score / sum / heads);
      }
      return seen;
    })
  );
}

for (const way of WAYS) {
  Deno.test(`heat ${way.name}: odd rows and tokens, two layers that add up, run after run`, async () => {
    const device = await testDevice(way.kind);
    const half = (x: Float32Array) => Float32Array.from(Float16Array.from(x));
    const rows = 67, tokens = 5, objects = 2;
    const layers = [{ count: 3, width: 8 }, { count: 1, width: 40 }].map((heads, i) => ({
      heads,
      q: half(random(rows * heads.count * heads.width, i + 1).map((v) => 3 * v)),
      kv: half(random(2 * tokens * heads.count * heads.width, i + 7).map((v) => 3 * v)),
    }));
    const words = [[0, 1, 0, 0, 0], [0, 0, 0.5, 0.5, 0]];
    const g = new Graph(device, "test", way.precision);
    const heat = g.input("heat", [objects, rows], "f32", "plain");
    const chosen = g.constant("words", Float32Array.from(words.flat()));
    const tensors = layers.map(({ heads, q, kv }) => {
      const channels = heads.count * heads.width;
      const pair = { q: g.input("q", [1, rows, channels]), kv: g.input("kv", [1, tokens, 2 * channels]) };
      addHeat(g, pair.q, pair.kv, heads, chosen, heat);
      return () =>
        [[pair.q, q], [pair.kv, kv]].forEach(([t, values]) =>
          writeFloats(device, t as typeof heat, values as Float32Array)
        );
    });
    using program = await g.compile();
    tensors.forEach((write) => write());
    writeFloats(device, heat, new Float32Array(objects * rows));
    program.run();
    program.run();
    const once = layers.map(({ q, kv, heads }) => naive(q, kv, heads.count, heads.width, words));
    // Scores are sums in f32 of numbers that f16 holds exactly, so one tolerance serves both precisions.
    assertClose(await readFloats(device, heat), once[0].map((v, i) => 2 * (v + once[1][i])), 1e-5, 1e-5);
  });
}
