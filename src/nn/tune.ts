/**
 * Tries the variants of the kernels on a device: what each makes of a small known case, and how fast it is. A driver
 * may compile a kernel wrongly, and which is fastest no table knows of every GPU.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Device, Tuning } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { timeProgram } from "../gpu/time_program.ts";
import { attention, selfMap } from "../ops/attention.ts";
import { attentionVariants, TIMED } from "../ops/choose.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { groupNorm } from "../ops/norm.ts";
import { MATMUL, variantName } from "../ops/variants.ts";
import { arraysSource, attentionTwin, convTwin, linearTwin, normTwin, random } from "./twins.ts";
import { Weights } from "./weights.ts";

/** Largest error of a right result, whose numbers are about 1: far above what f16 rounds, far below any mistake. */
const TOLERANCE = 0.05;

/** Milliseconds that timing may take. */
const BUDGET = 2500;

/** One variant of an op at work: inputs, weights by name, what is recorded and what must come out. */
interface Case {
  op: string;
  variant: string;
  inputs: { shape: number[]; values?: Float32Array }[];
  weights: Record<string, { shape: number[]; values: Float32Array }>;
  build(g: Graph, w: Weights, inputs: Tensor[]): Tensor;
  expected?: Float32Array;
  /** Of a case that is timed: what it is timed at. */
  at?: number;
}

/** What is found, as it is found. */
export interface TuneOptions {
  /** Told of a variant that computes wrongly. */
  onWrong?: (variant: string) => void;
  /** Milliseconds after which no further variant is timed: those left keep their place in the table. */
  budget?: number;
  signal?: AbortSignal;
}

/**
 * Tries all variants that serve a class of device, which uses what is found from then on. Takes 2 to 3 seconds on a
 * GPU, most of them the driver's compiler's.
 */
export async function tune(device: Device, { onWrong, budget = BUDGET, signal }: TuneOptions = {}): Promise<Tuning> {
  const wrong = new Set<string>();
  device.tuning = undefined;
  for (const known of knownCases(device)) {
    signal?.throwIfAborted();
    const name = variantName(known.op, known.variant);
    if (wrong.has(name) || await isRight(device, known)) continue;
    wrong.add(name);
    device.tuning = { wrong: [...wrong], speeds: {} }; // what is tried next is made of what is right
    onWrong?.(name);
  }
  const speeds: Record<string, number> = {};
  const start = performance.now();
  for (const timed of timedCases(device)) {
    signal?.throwIfAborted();
    const name = variantName(timed.op, timed.variant);
    if (wrong.has(name)) continue;
    if (performance.now() - start >= budget) break;
    speeds[`${name} at ${timed.at}`] = 1 / await milliseconds(device, timed);
  }
  return device.tuning = { wrong: [...wrong], speeds };
}

/** Whether a variant gives what it must; one that does not compile does not. */
async function isRight(device: Device, known: Case): Promise<boolean> {
  try {
    const result = await run(device, known, (_, out) => readFloats(device, out));
    return known.expected!.every((value, i) => Math.abs(result[i] - value) <= TOLERANCE);
  } catch (error) {
    if (error instanceof GpuError) return false;
    throw error;
  }
}

function milliseconds(device: Device, timed: Case): Promise<number> {
  return run(device, timed, (program) => timeProgram(device, program));
}

/** Records a case with its variant, runs it once, and hands over the program and its result. */
async function run<T>(
  device: Device,
  { op, variant, inputs, weights, build }: Case,
  use: (program: Awaited<ReturnType<Graph["compile"]>>, out: Tensor) => Promise<T>,
): Promise<T> {
  const before = device.forced.get(op);
  const g = new Graph(device, "trying kernels", "f16");
  const w = new Weights(device, "f16", "trying kernels");
  device.forced.set(op, variant);
  let out: Tensor, tensors: Tensor[];
  try {
    tensors = inputs.map(({ shape }, i) => g.input(`input ${i}`, shape));
    out = g.output(build(g, w, tensors));
  } finally {
    if (before === undefined) device.forced.delete(op);
    else device.forced.set(op, before);
  }
  try {
    if (Object.keys(weights).length > 0) await w.load(arraysSource(weights));
    else w.allocate();
    using program = await g.compile();
    inputs.forEach(({ values }, i) => values && writeFloats(device, tensors[i], values));
    program.run();
    return await use(program, out);
  } finally {
    w.release();
  }
}

/** Small cases with odd sizes. */
function* knownCases(device: Device): Generator<Case> {
  const [m, k, n] = [70, 36, 72];
  const x = random(m * k, 1), w = random(n * k, 2), b = random(n, 3);
  for (const variant of Object.keys(MATMUL)) {
    if (device.kind === "software" && variant.startsWith("tile")) continue;
    yield {
      op: "matmul",
      variant,
      inputs: [{ shape: [1, m, k], values: x }],
      weights: { "l.weight": { shape: [n, k], values: w }, "l.bias": { shape: [n], values: b } },
      build: (g, w, [x]) => linear(g, x, w.matrix("l", k, n)),
      expected: linearTwin(x, w, b, { m, k, n }),
    };
  }
  const picture = { height: 7, width: 9, channels: 36, outputs: 68 };
  const pixels = random(7 * 9 * 36, 4), kernel = random(68 * 36 * 9, 5).map((v) => v / 9), bias = random(68, 6);
  for (const variant of ["taps", "winograd"]) {
    yield {
      op: "conv3x3",
      variant,
      inputs: [{ shape: [1, 7, 9, 36], values: pixels }],
      weights: { "c.weight": { shape: [68, 36, 3, 3], values: kernel }, "c.bias": { shape: [68], values: bias } },
      build: (g, w, [x]) => conv3x3(g, x, w.matrix("c", 36, 68, { taps: 9 })),
      expected: convTwin(pixels, kernel, bias, picture),
    };
  }
  for (const { width, variant } of attentionCases(device)) {
    const rows = 37, qkv = random(rows * 3 * width, 7);
    yield {
      op: "attention",
      variant,
      inputs: [{ shape: [1, rows, 3 * width], values: qkv }],
      weights: {},
      build: (g, _, [qkv]) => attention(g, { qkv }, { count: 1, width }, selfMap(1, rows)),
      expected: attentionTwin(qkv, rows, width),
    };
  }
  const rows = random(5 * 7 * 20, 8), gamma = random(20, 9), beta = random(20, 10);
  for (const variant of ["strips", "whole"]) {
    yield {
      op: "norm",
      variant,
      inputs: [{ shape: [1, 5, 7, 20], values: rows }],
      weights: { "n.weight": { shape: [20], values: gamma }, "n.bias": { shape: [20], values: beta } },
      build: (g, w, [x]) => groupNorm(g, x, { ...w.norm("n", 20, 1e-5), groups: 2 }, false),
      expected: normTwin(rows, gamma, beta, 2),
    };
  }
}

/** The two likeliest variants for each width of heads, and lanes where they share by shuffles. */
function* attentionCases(device: Device): Generator<{ width: number; variant: string }> {
  for (const width of TIMED.attention) {
    const [first, second, ...others] = attentionVariants(device, width);
    const lanes = device.kind === "subgroup" ? others.filter((name) => name.startsWith("lanes")) : [];
    for (const variant of [first, second, ...lanes]) if (variant) yield { width, variant };
  }
}

/** Cases as large as a U-Net's, by what matters most. */
function* timedCases(device: Device): Generator<Case> {
  const rows = TIMED.matmul, channels = 640;
  const products = ["tile 8", "tile 4", ...(device.kind === "subgroup" ? ["lanes 16"] : [])];
  for (const variant of device.kind === "software" ? ["lanes 16"] : products) {
    yield {
      op: "matmul",
      variant,
      inputs: [{ shape: [1, rows, channels] }],
      weights: {},
      build: (g, w, [x]) => linear(g, x, w.matrix("l", channels, channels)),
      at: rows,
    };
  }
  for (const channels of TIMED.conv3x3) {
    const side = channels < 640 ? 64 : 32;
    for (const variant of ["taps", "winograd"]) {
      yield {
        op: "conv3x3",
        variant,
        inputs: [{ shape: [1, side, side, channels] }],
        weights: {},
        build: (g, w, [x]) => conv3x3(g, x, w.matrix("c", channels, channels, { taps: 9 })),
        at: channels,
      };
    }
  }
  for (const { width, variant } of attentionCases(device)) {
    const count = width > 160 ? 1 : 8, rows = 1024;
    yield {
      op: "attention",
      variant,
      inputs: [{ shape: [1, rows, 3 * count * width] }],
      weights: {},
      build: (g, _, [qkv]) => attention(g, { qkv }, { count, width }, selfMap(1, rows)),
      at: width,
    };
  }
  for (const variant of ["whole", "strips"]) {
    yield {
      op: "norm",
      variant,
      inputs: [{ shape: [2, TIMED.norm, 1, 320] }],
      weights: {},
      build: (g, w, [x]) => groupNorm(g, x, { ...w.norm("n", 320, 1e-5), groups: 32 }, true),
      at: TIMED.norm,
    };
  }
}
