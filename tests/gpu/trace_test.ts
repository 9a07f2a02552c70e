import assert from "@std/assert";
import { Device } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { clockOf, type Reading, Trace, type TraceEvent } from "../../src/gpu/trace.ts";
import { Weights } from "../../src/nn/weights.ts";
import { add } from "../../src/ops/elementwise.ts";
import { blend, BLEND_WORDS, combine, TERM_WORDS } from "../../src/ops/latents.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { testDevice } from "../ops/harness.ts";

/** Twelve times an addition, by a program that runs twice; and what a trace says of it. */
async function traced(device: Device) {
  const g = new Graph(device, "additions", "f32");
  const x = g.input("x", [1, 300, 64]);
  let sum = add(g, x, undefined);
  for (let i = 1; i < 12; i++) sum = add(g, sum, x);
  g.output(sum);
  const trace = await Trace.begin(device);
  const program = await g.compile();
  writeFloats(device, x, new Float32Array(300 * 64));
  const start = performance.now();
  for (let run = 0; run < 2; run++) program.run();
  await device.finished();
  const end = performance.now();
  const file = await trace.finish();
  program.run(); // is nobody's business any more
  await device.finished();
  program.destroy();
  return { ...file, start: 1000 * start, end: 1000 * end };
}

/** Chrome's Trace Event Format, as its documentation has it. */
function checkFormat(events: TraceEvent[]): void {
  for (const event of events) {
    assert.ok(["X", "M"].includes(event.ph) && typeof event.name === "string", JSON.stringify(event));
    assert.ok([event.ts, event.pid, event.tid].every((n) => Number.isFinite(n) && n >= 0), JSON.stringify(event));
    assert.equal(event.ph === "X", event.dur !== undefined && event.dur >= 0);
    if (event.ph === "M") assert.ok(["process_name", "thread_name"].includes(event.name) && event.args!.name);
  }
  // Spans of one thread lie within each other or apart.
  const spans = events.filter(({ ph }) => ph === "X").sort((a, b) => a.ts - b.ts || b.dur! - a.dur!);
  for (const thread of new Set(spans.map(({ tid }) => tid))) {
    const ends: number[] = [];
    for (const { ts, dur } of spans.filter(({ tid }) => tid === thread)) {
      while (ends.length && ends.at(-1)! <= ts + 1e-3) ends.pop(); // a nanosecond: doubles of microseconds since boot
      assert.ok(!ends.length || ts + dur! <= ends.at(-1)! + 1e-3);
      ends.push(ts + dur!);
    }
  }
}

Deno.test("a trace has a span for each op, in order, when it ran, and says what it wrote", async () => {
  const device = await testDevice();
  const { traceEvents, displayTimeUnit, otherData, start, end } = await traced(device);
  checkFormat(traceEvents);
  assert.equal(displayTimeUnit, "ms");
  const ops = traceEvents.filter(({ cat }) => cat === "op");
  if (!device.timestamps) return assert.deepEqual(ops, []);
  assert.match(otherData.ops, /timestamp queries/);
  assert.equal(ops.length, 24);
  ops.forEach(({ name, ts, dur, args }, i) => {
    assert.equal(args!.graph, "additions");
    assert.match(String(args!.writes), /\[1, 300, 64\]$/);
    assert.equal(name, ops[i % 12].name);
    assert.ok(i === 0 || ts >= ops[i - 1].ts + ops[i - 1].dur! - 1e-3);
    assert.ok(ts >= start - 20_000 && ts + dur! <= end + 20_000, "within 20 ms of the host's clock");
  });
  assert.ok(traceEvents.some(({ name, cat }) => cat === "host" && name === "compile additions"));
});

Deno.test("a device's ticks are on the host's clock though submissions begin late, and whatever their unit is", () => {
  const reading = (at: number, late: number, unit: number): Reading => {
    return { before: at, tick: BigInt(Math.round((at + late) / unit)) + 10n ** 15n, after: at + late + 10 };
  };
  for (const unit of [1e-6, 1.25e-6, 1e-3]) {
    const first = [reading(5000, 90, unit), reading(5110, 0.3, unit), reading(5125, 30, unit)];
    const last = [reading(5400, 40, unit), reading(5460, 0.2, unit)];
    const clock = clockOf(first, last);
    const off = clock(reading(5300, 0, unit).tick) - 5300;
    assert.ok(Math.abs(off) < 0.5, `${off} ms off where a tick is ${unit} ms`);
  }
  const standing = clockOf([{ before: 1, tick: 7n, after: 2 }], [{ before: 3, tick: 7n, after: 4 }]);
  assert.equal(standing(7n), 3);
});

Deno.test("where an adapter has no timestamp queries, submissions are timed, and the trace says so", async () => {
  const { gpu, summary, subgroups, textures } = await testDevice();
  const { traceEvents, otherData, start, end } = await traced(new Device(gpu, summary, subgroups, false, textures));
  checkFormat(traceEvents);
  assert.match(otherData.ops, /no timestamp queries/);
  const spans = traceEvents.filter(({ cat }) => cat === "submission");
  assert.deepEqual(spans.map(({ name, args }) => [name, args!.dispatches]), [["additions", 24]]);
  assert.ok(spans[0].ts >= start && spans[0].ts + spans[0].dur! <= end);
});

Deno.test("what a span says was written is what its kernel writes, wherever that stands among the bindings", async () => {
  const device = await testDevice("like a GPU");
  const g = new Graph(device, "products", "f32");
  const w = new Weights(device, "f32", "test");
  const x = g.input("x", [1, 4, 4, 64]);
  const expected: Tensor[] = [];
  const record = (forced: [op: string, variant: string] | undefined, build: () => Tensor) => {
    device.forced.clear();
    if (forced) device.forced.set(...forced);
    g.beginSection();
    expected.push(g.output(build()));
  };
  record(undefined, () => linear(g, x, w.matrix("whole", 64, 64)));
  record(["matmul", "lanes 4"], () => linear(g, x, w.matrix("lanes", 64, 64)));
  record(["matmul", "tile 4 / 2"], () => linear(g, x, w.matrix("sliced", 64, 64)));
  record(["conv3x3", "winograd"], () => conv3x3(g, x, w.matrix("transformed", 64, 64, { taps: 9 })));
  device.forced.clear();
  const latents = g.input("latents", [2, 4, 4, 4], "f32");
  record(undefined, () => {
    combine(g, latents, g.input("terms", [TERM_WORDS], "u32", "plain"));
    return latents;
  });
  record(undefined, () => {
    blend(g, latents, g.input("mask", [16], "f32", "plain"), g.input("call", [BLEND_WORDS], "u32", "plain"));
    return latents;
  });
  w.allocate();
  using program = await g.compile();
  const results = program.sections.map((replays) => replays.map(({ result }) => result));
  assert.deepEqual(results.map((list) => list.at(-1)!.label), expected.map(({ label }) => label));
  results.forEach((list, i) => assert.ok(list.at(-1) === expected[i]));
  assert.deepEqual(results[2].map(({ label }) => label), ["slices", "sliced"]);
  assert.deepEqual(results[3].map(({ label }) => label), ["winograd patches", "products", "transformed"]);
  w.release();
});
