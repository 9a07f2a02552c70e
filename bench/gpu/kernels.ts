/**
 * Kernels in every variant that a device can run, against the adapter's measured peak and against plain sums in f64. A variant that
 * computes otherwise is named.
 *
 *     deno run -A kernels.ts [--small]
 *
 * @module
 */
import { type Device, openDevice, type Precision } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import type { Program } from "../../src/gpu/program.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { timeProgram } from "../../src/gpu/time_program.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { Weights } from "../../src/nn/weights.ts";
import { attention, selfMap } from "../../src/ops/attention.ts";
import { add } from "../../src/ops/elementwise.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { WIDEST_FOR_LANES } from "../../src/nn/trials.ts";
import { ATTENTION, MATMUL } from "../../src/ops/variants.ts";
import { best } from "../best.ts";
import { measurePeak } from "../peak.ts";
import { attentionOf, convolutionOf, noise, productOf, type Reference, samplesOf } from "./references.ts";
import { VARIANTS } from "./report.ts";
import { begin, duration, firstLine, say } from "./rows.ts";

/** One kernel at one size. */
interface Case {
  name: string;
  flops: number;
  inputs: Float32Array[];
  shapes: number[][];
  weights: Record<string, { shape: number[]; values: Float32Array }>;
  record(g: Graph, w: Weights, inputs: Tensor[]): Tensor;
  columns: number;
  reference: Reference;
  /** Settings of `Device.forced` for each variant, by name. */
  variants: Record<string, Record<string, string>>;
}

const small = Deno.args.includes("--small");
const TILES = Object.keys(MATMUL).filter((name) => small || name.startsWith("tile") || name === "lanes 16");

function matmul(rows: number, inner: number, columns: number): () => Case {
  return () => {
    const [x, w] = [noise(rows * inner, 1), noise(columns * inner, 1 / Math.sqrt(inner), 7)];
    return {
      name: `matmul ${rows}×${inner}×${columns}`,
      flops: 2 * rows * inner * columns,
      inputs: [x],
      shapes: [[1, rows, inner]],
      weights: { "l.weight": { shape: [columns, inner], values: w } },
      record: (g, w, [x]) => linear(g, x, w.matrix("l", inner, columns, { bias: false })),
      columns,
      reference: productOf(x, w, inner),
      variants: { used: {}, ...Object.fromEntries(TILES.map((name) => [name, { matmul: name }])) },
    };
  };
}

function convolution(channels: number, side: number): () => Case {
  const direct = TILES.map((name) => [`direct, ${name}`, { conv3x3: "taps", matmul: name }]);
  const winograd = TILES.filter((name) => name.startsWith("tile") || small)
    .map((name) => [`Winograd, ${name}`, { conv3x3: "winograd", matmul: name }]);
  return () => {
    const x = noise(side * side * channels, 1);
    const w = noise(channels * channels * 9, 1 / Math.sqrt(9 * channels), 7);
    return {
      name: `conv 3×3, ${channels} channels, ${side}²`,
      flops: 2 * 9 * channels * channels * side * side,
      inputs: [x],
      shapes: [[1, side, side, channels]],
      weights: { "c.weight": { shape: [channels, channels, 3, 3], values: w } },
      record: (g, w, [x]) => conv3x3(g, x, w.matrix("c", channels, channels, { taps: 9, bias: false })),
      columns: channels,
      reference: convolutionOf(x, w, channels, side),
      variants: { used: {}, ...Object.fromEntries([...winograd, ...direct]) },
    };
  };
}

function attentions(count: number, width: number, rows: number): () => Case {
  const fits = Object.entries(ATTENTION).filter(([name, { upToWidth, multipleOf }]) =>
    width <= upToWidth && width % multipleOf === 0 && !(name.startsWith("lanes") && width > WIDEST_FOR_LANES)
  );
  return () => {
    const [q, kv] = [noise(rows * count * width, 2), noise(2 * rows * count * width, 2, 7)];
    return {
      name: `attention, ${count} heads of ${width}, ${rows}²`,
      flops: 4 * rows * rows * count * width,
      inputs: [q, kv],
      shapes: [[1, rows, count * width], [1, rows, 2 * count * width]],
      weights: {},
      record: (g, _, [q, kv]) => attention(g, { q, kv }, { count, width }, selfMap(1, rows)),
      columns: count * width,
      reference: attentionOf(q, kv, count, width),
      variants: { used: {}, ...Object.fromEntries(fits.map(([name]) => [name, { attention: name }])) },
    };
  };
}

const CASES = small ? [matmul(64, 64, 128), convolution(64, 16), attentions(2, 40, 64)] : [
  matmul(8192, 320, 320),
  convolution(320, 64),
  attentions(16, 40, 4096),
  matmul(2048, 1280, 1280),
  convolution(640, 32),
  attentions(20, 64, 4096),
  matmul(4096, 4096, 4096),
  convolution(512, 128),
  attentions(16, 160, 256),
  attentions(1, 512, 4096),
];

/** Seconds of a program: by the device's clock where it has one, which is as fast as the host's by `clock`. */
async function time(device: Device, program: Program): Promise<number> {
  if (!device.timestamps || small) return await byHost(device, program);
  let shortest = Infinity;
  for (let i = 0; i < 3; i++) shortest = Math.min(shortest, clock * await timeProgram(device, program) / 1000);
  return shortest;
}

/** Ticks of some drivers are no nanoseconds: how long one is, by the host's clock. */
let clock = 1;

function byHost(device: Device, program: Program): Promise<number> {
  return best(() => program.run(), () => device.finished(), 2, small ? 0 : 0.2);
}

/** What a variant gives, and its seconds. */
async function measure(device: Device, precision: Precision, test: Case) {
  const g = new Graph(device, test.name, precision);
  const weights = new Weights(device, precision, "bench");
  const inputs = test.shapes.map((shape, i) => g.input(`input ${i}`, shape));
  const out = g.output(test.record(g, weights, inputs));
  try {
    if (weights.list.length) await weights.load(arraysSource(test.weights));
    const started = performance.now();
    using program = await g.compile();
    const compile = (performance.now() - started) / 1000;
    inputs.forEach((input, i) => writeFloats(device, input, test.inputs[i]));
    program.run();
    const values = await readFloats(device, out);
    return { values, compile, seconds: await time(device, program) };
  } finally {
    weights.release();
  }
}

/** The largest error among the samples, as a share of the largest number there. */
function errorOf(values: Float32Array, expected: [at: number, value: number][]): number {
  const largest = expected.reduce((most, [, value]) => Math.max(most, Math.abs(value)), 0);
  const off = expected.map(([at, value]) => Math.abs(values[at] - value));
  return off.every(Number.isFinite) ? Math.max(...off) / largest : Infinity;
}

/** The largest difference from what the first variant gave, everywhere, as a share of the largest number. */
function difference(values: Float32Array, first: Float32Array): number {
  let [most, largest] = [0, 0];
  for (let i = 0; i < first.length; i++) {
    const off = Math.abs(values[i] - first[i]);
    if (!(off <= most)) most = off; // NaN stays
    largest = Math.max(largest, Math.abs(first[i]));
  }
  return Number.isFinite(most) ? most / largest : Infinity;
}

/** Roundings of f16 or f32 sums and of Winograd's transforms stay below; a wrong kernel is off by the size of the numbers. */
const MOST: Record<Precision, number> = { f16: 0.02, f32: 1e-3 };

/** GB/s of adding two tensors far larger than any cache: two are read, one is written. */
async function bandwidth(device: Device): Promise<number> {
  const shape = [1, small ? 64 : 8192, small ? 64 : 8192];
  const g = new Graph(device, "bandwidth", "f16");
  g.output(add(g, g.input("a", shape), g.input("b", shape)));
  using program = await g.compile();
  const [host, own] = [await byHost(device, program), await time(device, program)];
  tell("a second of the device's clock, by the host's", (host / own).toFixed(3));
  if (Math.abs(host / own - 1) > 0.2) clock = host / own;
  return 3 * 2 * shape.reduce((a, b) => a * b, 1) / host / 1e9;
}

const tell = (what: string, value: string) => say("Adapter", ["", ""], [what, value]);
let device = await openDevice();
tell("adapter", device.summary.name);
const rounds = device.summary.software ? undefined : 1000;
const peak = await measurePeak(device, rounds ? 65535 : undefined, rounds);
tell("f32 multiply-adds in registers, GFLOP/s", peak.toFixed(0));
tell("memory, GB/s read and written", await bandwidth(device).then((rate) => rate.toFixed(0), firstLine));

const HEADER = ["kernel", "type", "variant", "GFLOP/s", "of f32 peak", "error", "", "compile"];
for (const precision of ["f16", "f32"] as const) {
  for (const make of CASES) {
    const test = make();
    const rows = test.inputs[0].length / test.shapes[0].at(-1)!;
    const expected = samplesOf(rows, test.columns).map(([row, column]): [number, number] => {
      return [row * test.columns + column, test.reference(row, column)];
    });
    let first: Float32Array | undefined;
    for (const [name, forced] of Object.entries(test.variants)) {
      device.forced.clear();
      for (const [op, variant] of Object.entries(forced)) device.forced.set(op, variant);
      begin(`${test.name}, ${precision}, ${name}`);
      const cells = await measure(device, precision, test).then(({ values, seconds, compile }) => {
        const error = Math.max(errorOf(values, expected), first ? difference(values, first) : 0);
        const right = error <= MOST[precision];
        if (right) first ??= values;
        const rate = test.flops / seconds / 1e9;
        const share = `${(100 * rate / peak).toFixed(0)} %`;
        return [
          rate.toFixed(rate < 10 ? 2 : 0),
          share,
          error.toExponential(1),
          right ? "" : "WRONG",
          duration(compile),
        ];
      }, async (error) => {
        device.close(); // what it has told once it tells again
        device = await openDevice();
        return ["", "", "", firstLine(error), ""];
      });
      say(VARIANTS, HEADER, [test.name, precision, name, ...cells]);
    }
  }
}
device.close();
