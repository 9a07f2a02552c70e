import { attention, type AttentionMap, selfMap } from "../../src/ops/attention.ts";
import { ATTENTION } from "../../src/ops/variants.ts";
import { assertClose, compute, random, type Way, WAYS } from "./harness.ts";

/** softmax(q·Kᵀ/√d)·V over the keys that `see` lists for a query row, in double precision. */
function naive(
  q: Float32Array,
  kv: Float32Array,
  channels: number,
  heads: number,
  see: (row: number) => { keys: number[]; weight: number }[],
): Float32Array {
  const d = channels / heads;
  const out = new Float32Array(q.length);
  for (let row = 0; row < q.length / channels; row++) {
    for (let h = 0; h < heads; h++) {
      for (const { keys, weight } of see(row)) {
        const scores = keys.map((key) => {
          let s = 0;
          for (let i = 0; i < d; i++) s += q[row * channels + h * d + i] * kv[key * 2 * channels + h * d + i];
          return s / Math.sqrt(d);
        });
        const most = Math.max(...scores);
        const e = scores.map((s) => Math.exp(s - most));
        const sum = e.reduce((a, b) => a + b, 0);
        keys.forEach((key, n) => {
          for (let i = 0; i < d; i++) {
            out[row * channels + h * d + i] += weight * e[n] / sum * kv[key * 2 * channels + channels + h * d + i];
          }
        });
      }
    }
  }
  return out;
}

const range = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);
const half = (x: Float32Array) => Float32Array.from(Float16Array.from(x));

/**
 * Every variant for GPUs by name, at the widest head that it is meant for, and what software adapters keep for long
 * ones.
 */
const FORCED = Object.entries(ATTENTION).filter(([name]) => name === "lanes 4" || !name.startsWith("lanes"))
  .map(([name, { upToWidth }]) => ({
    precision: "f16" as const,
    kind: name === "lanes 4" ? "as it is" as const : "like a GPU without subgroups" as const,
    name: `f16 as "${name}"`,
    forced: { attention: name },
    width: Math.min(upToWidth, name === "lanes 4" ? 40 : 160),
  }));

for (const way of [...WAYS, ...FORCED] as (Way & { width?: number })[]) {
  const { precision } = way;
  const tolerance = precision === "f32" ? 2e-5 : 2e-3;
  // Every head size of the families, small ones, and the wide kernel's (160, 96, 512); each size is a pipeline to
  // compile, so the other classes of device try few.
  const widths = way.width ? [way.width] : way.kind === "as it is" ? [4, 8, 40, 64, 80, 160, 96, 512] : [16, 512];
  for (const d of widths) {
    Deno.test(`attention ${way.name}: self, heads of ${d}, odd rows, two pictures`, async () => {
      const heads = d > 100 ? 1 : 2, channels = d * heads, rows = 21;
      const q = half(random(2 * rows * channels).map((v) => v * 2)), kv = half(random(2 * rows * 2 * channels, 2));
      const y = await compute(
        way,
        [{ shape: [2, rows, channels], values: q }, { shape: [2, rows, 2 * channels], values: kv }],
        {},
        (g, _, [q, kv]) => attention(g, { q, kv }, { count: heads, width: d }, selfMap(2, rows)),
      );
      const expected = naive(q, kv, channels, heads, (row) => [{
        keys: range(Math.floor(row / rows) * rows, rows),
        weight: 1,
      }]);
      assertClose(y, expected, tolerance, tolerance);
    });
  }

  for (const d of way.width ? [] : [16, 96]) {
    Deno.test(`attention ${way.name}: causal, in one tensor with its keys and values, heads of ${d}`, async () => {
      const heads = 2, channels = d * heads, rows = 19;
      const q = half(random(2 * rows * channels)), kv = half(random(2 * rows * 2 * channels, 2));
      const joined = range(0, 2 * rows).flatMap((row) => [
        ...q.subarray(row * channels, (row + 1) * channels),
        ...kv.subarray(row * 2 * channels, (row + 1) * 2 * channels),
      ]);
      const y = await compute(
        way,
        [{ shape: [2, rows, 3 * channels], values: joined }],
        {},
        (g, _, [qkv]) => attention(g, { qkv }, { count: heads, width: d }, selfMap(2, rows), true),
      );
      const expected = naive(q, kv, channels, heads, (row) => [{
        keys: range(Math.floor(row / rows) * rows, row % rows + 1),
        weight: 1,
      }]);
      assertClose(y, expected, tolerance, tolerance);
    });

    Deno.test(`attention ${way.name}: regions with their own prompts and base ratios, heads of ${d}`, async () => {
      const heads = 2, channels = d * heads, rows = 45, tokens = 33;
      const q = half(random(rows * channels)), kv = half(random(tokens * 2 * channels, 2));
      const map: AttentionMap = {
        regionOfRow: range(0, rows).map((i) => i < 20 ? 0 : i % 7 === 0 ? 1 : 2),
        sights: [
          { start: 0, count: 7, base: { start: 20, count: 13, ratio: 0.3 } },
          { start: 7, count: 1, base: { start: 20, count: 13, ratio: 0 } },
          { start: 8, count: 12 },
        ],
      };
      const y = await compute(
        way,
        [{ shape: [1, rows, channels], values: q }, { shape: [1, tokens, 2 * channels], values: kv }],
        {},
        (g, _, [q, kv]) => attention(g, { q, kv }, { count: heads, width: d }, map),
      );
      const expected = naive(q, kv, channels, heads, (row) => {
        const { start, count, base } = map.sights[map.regionOfRow[row]];
        const own = { keys: range(start, count), weight: 1 - (base?.ratio ?? 0) };
        return base ? [own, { keys: range(base.start, base.count), weight: base.ratio }] : [own];
      });
      assertClose(y, expected, tolerance, tolerance);
    });
  }
}
