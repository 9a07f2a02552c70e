/**
 * Kernels in every variant that a device can run, against the adapter's measured peak. A variant whose numbers are not those of the
 * others is named.
 *
 *     deno run -A kernels.ts [--small]
 *
 * @module
 */
import { type Device, openDevice, type Precision } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import type { TensorInfo, TensorSource } from "../../src/formats/tensor_source.ts";
import { Weights } from "../../src/nn/weights.ts";
import { attention, selfMap } from "../../src/ops/attention.ts";
import { ATTENTION, MATMUL } from "../../src/ops/variants.ts";
import { add } from "../../src/ops/elementwise.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { best } from "../best.ts";
import { measurePeak } from "../peak.ts";
import { say } from "./rows.ts";

/** One kernel at one size. */
interface Case {
  name: string;
  flops: number;
  inputs: [label: string, shape: number[]][];
  record(g: Graph, w: Weights, inputs: Tensor[]): Tensor;
  /** Settings of `Device.forced` for each variant, by name. */
  variants: Record<string, Record<string, string>>;
}

const small = Deno.args.includes("--small");
const TILES = Object.keys(MATMUL).filter((name) => small || name.startsWith("tile") || name === "lanes 16");

function matmul(rows: number, inner: number, columns: number): Case {
  return {
    name: `matmul ${rows}×${inner}×${columns}`,
    flops: 2 * rows * inner * columns,
    inputs: [["x", [1, rows, inner]]],
    record: (g, w, [x]) => linear(g, x, w.matrix("l", inner, columns, { bias: false })),
    variants: { chosen: {}, ...Object.fromEntries(TILES.map((name) => [name, { matmul: name }])) },
  };
}

function convolution(channels: number, side: number): Case {
  const variants = Object.fromEntries(TILES.map((name) => [`direct, ${name}`, { conv3x3: "direct", matmul: name }]));
  return {
    name: `conv 3×3, ${channels} channels, ${side}²`,
    flops: 2 * 9 * channels * channels * side * side,
    inputs: [["x", [1, side, side, channels]]],
    record: (g, w, [x]) => conv3x3(g, x, w.matrix("c", channels, channels, { taps: 9, bias: false })),
    variants: { chosen: {}, winograd: { conv3x3: "winograd" }, ...variants },
  };
}

function attentionOf(count: number, width: number, rows: number): Case {
  const fits = Object.entries(ATTENTION).filter(([, { upToWidth, multipleOf }]) =>
    width <= upToWidth && width % multipleOf === 0
  );
  return {
    name: `attention, ${count} heads of ${width}, ${rows}²`,
    flops: 4 * rows * rows * count * width,
    inputs: [["q", [1, rows, count * width]], ["kv", [1, rows, 2 * count * width]]],
    record: (g, _, [q, kv]) => attention(g, { q, kv }, { count, width }, selfMap(1, rows)),
    variants: { chosen: {}, ...Object.fromEntries(fits.map(([name]) => [name, { attention: name }])) },
  };
}

const CASES: Case[] = small ? [matmul(64, 64, 128), convolution(64, 16), attentionOf(2, 40, 64)] : [
  matmul(8192, 320, 320),
  matmul(2048, 1280, 1280),
  matmul(4096, 4096, 4096),
  convolution(320, 64),
  convolution(640, 32),
  convolution(512, 256),
  attentionOf(16, 40, 4096),
  attentionOf(20, 64, 4096),
  attentionOf(16, 160, 256),
  attentionOf(1, 512, 4096),
];

/** Numbers in [−1, 1), the same for every variant. */
const noise = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) % 1);

/** Any matrix, whatever it is called. */
function randomSource(shapes: Record<string, number[]>): TensorSource {
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]): [string, TensorInfo] => {
      const bytes = 2 * shape.reduce((a, b) => a * b, 1);
      return [name, { name, dtype: "F16", shape, bytes, file: "random" }];
    }),
  );
  return {
    tensors,
    describe: "random",
    close() {},
    read(name, into, start = 0) {
      const { shape } = tensors.get(name)!;
      const scale = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
      const values = new Float16Array(into.length / 2).map((_, i) => scale * Math.sin((i + start / 2) * 0.7));
      into.set(new Uint8Array(values.buffer));
      return Promise.resolve();
    },
  };
}

/** What a variant gives, and its seconds. */
async function measure(device: Device, precision: Precision, test: Case) {
  const g = new Graph(device, test.name, precision);
  const weights = new Weights(device, precision, "bench");
  const inputs = test.inputs.map(([label, shape]) => g.input(label, shape));
  const out = g.output(test.record(g, weights, inputs));
  const columns = (name: string) => weights.list.find((weight) => name.startsWith(weight.name))!;
  const shapes = Object.fromEntries([...weights.names].map((name) => {
    const { outChannels, inChannels, taps } = columns(name);
    return [name, taps === 1 ? [outChannels, inChannels] : [outChannels, inChannels, 3, 3]];
  }));
  await weights.load(randomSource(shapes));
  using program = await g.compile();
  for (const input of inputs) {
    writeFloats(device, input, noise(input.shape.reduce((a, b) => a * b, 1)));
  }
  const seconds = await best(() => program.run(), () => device.finished(), 2, small ? 0 : 0.12);
  const values = await readFloats(device, out);
  weights.release();
  return { values, seconds };
}

/** GB/s of adding two tensors far larger than any cache: two are read, one is written. */
async function bandwidth(device: Device): Promise<number> {
  const shape = [1, small ? 64 : 8192, small ? 64 : 8192];
  const g = new Graph(device, "bandwidth", "f16");
  g.output(add(g, g.input("a", shape), g.input("b", shape)));
  using program = await g.compile();
  const seconds = await best(() => program.run(), () => device.finished(), 2);
  return 3 * 2 * shape.reduce((a, b) => a * b, 1) / seconds / 1e9;
}

using device = await openDevice();
const peak = await (device.summary.software ? measurePeak(device) : measurePeak(device, 1 << 16, 1000));
say("Adapter", ["", ""], ["f32 multiply-adds in registers, GFLOP/s", peak.toFixed(0)]);
say("Adapter", ["", ""], ["memory, GB/s read and written", (await bandwidth(device)).toFixed(0)]);
for (const test of CASES) {
  for (const precision of ["f16", "f32"] as const) {
    let first: Float32Array | undefined;
    for (const [name, forced] of Object.entries(test.variants)) {
      device.forced.clear();
      for (const [op, variant] of Object.entries(forced)) device.forced.set(op, variant);
      const cells = await measure(device, precision, test).then(({ values, seconds }) => {
        first ??= values;
        const [largest, worst] = values.reduce(
          ([a, b], value, i) => [Math.max(a, Math.abs(first![i])), Math.max(b, Math.abs(value - first![i]))],
          [0, 0],
        );
        const rate = test.flops / seconds / 1e9;
        // Winograd's transforms and other orders of f16 sums; a wrong kernel is off by the size of the numbers.
        const right = worst <= largest * 0.02 && Number.isFinite(worst);
        return [rate.toFixed(rate < 10 ? 2 : 0), `${(100 * rate / peak).toFixed(0)} %`, right ? "" : "WRONG"];
      }, (error: Error) => ["", "", error.message.split("\n")[0].slice(0, 90)]);
      say("Kernels", ["kernel", "type", "variant", "GFLOP/s", "of f32 peak", ""], [
        test.name,
        precision,
        name,
        ...cells,
      ]);
    }
  }
}
