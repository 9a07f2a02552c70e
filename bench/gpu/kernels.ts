/**
 * Kernels in every variant that a device can run, against the adapter's measured peak and against plain sums in f64. A
 * variant that computes otherwise is named.
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
import { timePrograms } from "../../src/gpu/time_program.ts";
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
  const winograd = TILES.filter((name) => name.startsWith("tile") || small).flatMap((name) => [
    [`Winograd, ${name}`, { conv3x3: "winograd", matmul: name }],
    [`Winograd by 4×4, ${name}`, { conv3x3: "winograd 4", matmul: name }],
  ]);
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

/** Seconds of programs: by the device's clock where it has one, which is as fast as the host's by `clock`. */
async function time(device: Device, programs: readonly Program[]): Promise<number[]> {
  if (device.timestamps && !small) {
    return (await timePrograms(device, programs)).map((milliseconds) => clock * milliseconds / 1000);
  }
  const seconds: number[] = [];
  for (const program of programs) seconds.push(await byHost(device, program));
  return seconds;
}

/** Ticks of some drivers are no nanoseconds: how long one is, by the host's clock. */
let clock = 1;

function byHost(device: Device, program: Program): Promise<number> {
  return best(() => program.run(), () => device.finished(), 2, small ? 0 : 0.2);
}

/** A variant that has run once: what it gave, and how long it was compiled. */
interface Made extends Disposable {
  name: string;
  program: Program;
  values: Float32Array;
  compile: number;
}

async function make(device: Device, precision: Precision, test: Case, name: string): Promise<Made> {
  device.forced.clear();
  for (const [op, variant] of Object.entries(test.variants[name])) device.forced.set(op, variant);
  const g = new Graph(device, test.name, precision);
  const weights = new Weights(device, precision, "bench");
  const inputs = test.shapes.map((shape, i) => g.input(`input ${i}`, shape));
  const out = g.output(test.record(g, weights, inputs));
  if (weights.list.length) await weights.load(arraysSource(test.weights));
  const started = performance.now();
  const program = await g.compile();
  const compile = (performance.now() - started) / 1000;
  inputs.forEach((input, i) => writeFloats(device, input, test.inputs[i]));
  program.run();
  const values = await readFloats(device, out);
  const release = () => {
    program.destroy();
    weights.release();
  };
  return { name, program, values, compile, [Symbol.dispose]: release };
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

/**
 * Roundings of f16 or f32 sums and of Winograd's transforms stay below; a wrong kernel is off by the size of the
 * numbers.
 */
const MOST: Record<Precision, number> = { f16: 0.02, f32: 1e-3 };

/** GB/s of adding two tensors far larger than any cache: two are read, one is written. */
async function bandwidth(device: Device): Promise<number> {
  const shape = [1, small ? 64 : 8192, small ? 64 : 8192];
  const g = new Graph(device, "bandwidth", "f16");
  g.output(add(g, g.input("a", shape), g.input("b", shape)));
  using program = await g.compile();
  const [host, [own]] = [await byHost(device, program), await time(device, [program])];
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

tell("f16 multiply-adds in registers, GFLOP/s", await halfPeak().catch(firstLine));

/** The same in f16, where the device computes in it. */
async function halfPeak(): Promise<string> {
  if (!device.halfs) return "no shader-f16";
  return (await measurePeak(device, rounds ? 65535 : undefined, rounds, true)).toFixed(0);
}

const HEADER = ["kernel", "type", "variant", "GFLOP/s", "of f32 peak", "error", "", "compile"];

/** All variants of a case against each other; one that fails is told, and the others begin anew on a new device. */
async function race(precision: Precision, test: Case, names: string[]): Promise<void> {
  const row = (name: string, ...cells: string[]) => say(VARIANTS, HEADER, [test.name, precision, name, ...cells]);
  const all: Made[] = [];
  let now = names[0];
  try {
    for (const name of names) {
      begin(`${test.name}, ${precision}, ${now = name}`);
      all.push(await make(device, precision, test, name));
    }
    const seconds = await time(device, all.map(({ program }) => program));
    const rows = test.inputs[0].length / test.shapes[0].at(-1)!;
    const expected = samplesOf(rows, test.columns).map(([row, column]): [number, number] => {
      return [row * test.columns + column, test.reference(row, column)];
    });
    const off = (values: Float32Array) => errorOf(values, expected);
    const first = all.find(({ values }) => off(values) <= MOST[precision]);
    for (const [i, { name, values, compile }] of all.entries()) {
      const error = Math.max(off(values), first ? difference(values, first.values) : 0);
      const rate = test.flops / seconds[i] / 1e9;
      row(
        name,
        rate.toFixed(rate < 10 ? 2 : 0),
        `${(100 * rate / peak).toFixed(0)} %`,
        error.toExponential(1),
        error <= MOST[precision] ? "" : "WRONG",
        duration(compile),
      );
    }
    all.forEach((made) => made[Symbol.dispose]());
  } catch (error) {
    row(now, "", "", "", firstLine(error), "");
    device.close(); // what it has told once it tells again
    device = await openDevice();
    const rest = names.filter((name) => name !== now);
    if (rest.length) await race(precision, test, rest);
  }
}

for (const precision of ["f16", "f32"] as const) {
  for (const make of CASES) {
    const test = make();
    const names = Object.keys(test.variants).filter((name) => precision === "f16" || !name.includes("halfs"));
    await race(precision, test, names);
  }
}
device.close();
