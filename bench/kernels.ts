/**
 * Our kernels beside TensorFlow.js on the same adapter in the same run, and beside what the adapter's arithmetic can do.
 *
 * @module
 */
// Named here and not in deno.json, whose packages the first command installs.
// deno-lint-ignore no-import-prefix
import "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
// deno-lint-ignore no-import-prefix
import * as tf from "npm:@tensorflow/tfjs-core@4.22.0";
import { type Device, openDevice, type Precision } from "../src/gpu/device.ts";
import { Graph } from "../src/gpu/graph.ts";
import type { Program } from "../src/gpu/program.ts";
import type { Tensor } from "../src/gpu/tensor.ts";
import { Weights } from "../src/nn/weights.ts";
import { attention, selfMap } from "../src/ops/attention.ts";
import { conv3x3, linear } from "../src/ops/matmul.ts";
import { best } from "./best.ts";
import { measurePeak } from "./peak.ts";
import { table } from "./table.ts";

/** One kernel at one size, and the same work in TensorFlow.js. */
interface Case {
  name: string;
  flops: number;
  ours(g: Graph, w: Weights): Tensor;
  peer(): tf.Tensor;
}

/** Numbers of the size that activations have. */
const noise = (...shape: number[]) => tf.randomNormal(shape, 0, 1, "float32", 1);

const CASES: Case[] = [
  {
    name: "matmul 512×1024×1024",
    flops: 2 * 512 * 1024 * 1024,
    ours: (g, w) => linear(g, g.input("x", [1, 512, 1024]), w.matrix("l", 1024, 1024, { bias: false })),
    peer: memo(() => [noise(512, 1024), noise(1024, 1024)], ([a, b]) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)),
  },
  {
    name: "conv 3×3, 320 channels, 32²",
    flops: 2 * 9 * 320 * 320 * 32 * 32,
    ours: (g, w) => conv3x3(g, g.input("x", [1, 32, 32, 320]), w.matrix("c", 320, 320, { taps: 9, bias: false })),
    peer: memo(
      () => [noise(1, 32, 32, 320), noise(3, 3, 320, 320)],
      ([x, k]) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, "same"),
    ),
  },
  {
    name: "attention, 8 heads of 40, 1024²",
    flops: 4 * 1024 * 1024 * 320,
    ours: (g) =>
      attention(
        g,
        { q: g.input("q", [1, 1024, 320]), kv: g.input("kv", [1, 1024, 640]) },
        { count: 8, width: 40 },
        selfMap(1, 1024),
      ),
    peer: memo(() => [noise(8, 1024, 40), noise(8, 1024, 40), noise(8, 1024, 40)], ([q, k, v]) => {
      const scores = tf.softmax(tf.mul(tf.matMul(q as tf.Tensor3D, k as tf.Tensor3D, false, true), 40 ** -0.5));
      return tf.matMul(scores as tf.Tensor3D, v as tf.Tensor3D);
    }),
  },
];

/** Makes the operands at the first call only. */
function memo(make: () => tf.Tensor[], compute: (operands: tf.Tensor[]) => tf.Tensor): () => tf.Tensor {
  let operands: tf.Tensor[] | undefined;
  return () => compute(operands ??= make().map((t) => tf.keep(t)));
}

async function compileCase(
  device: Device,
  precision: Precision,
  test: Case,
): Promise<{ program: Program; weights: Weights }> {
  const g = new Graph(device, "bench", precision);
  const weights = new Weights(device, precision, "bench");
  g.output(test.ours(g, weights));
  weights.allocate();
  return { program: await g.compile(), weights };
}

/** Prints the table. */
export async function run(): Promise<void> {
  const device = await openDevice();
  await tf.setBackend("webgpu");
  const peak = await measurePeak(device);
  console.log(`${device.summary.name}: ${peak.toFixed(1)} GFLOP/s of f32 multiply-adds in registers\n`);
  const rows: string[][] = [];
  for (const test of CASES) {
    const peerSeconds = await best(
      () => tf.tidy(() => void (last = tf.keep(test.peer()))),
      async () => {
        await last!.data();
        last!.dispose();
      },
      1,
    );
    for (const precision of ["f16", "f32"] as const) {
      const { program, weights } = await compileCase(device, precision, test);
      const seconds = await best(() => program.run(), () => device.finished());
      const rate = test.flops / seconds / 1e9;
      rows.push([
        `${test.name} ${precision}`,
        rate.toFixed(1),
        `${(100 * rate / peak).toFixed(0)} %`,
        (test.flops / peerSeconds / 1e9).toFixed(2),
        `${(peerSeconds / seconds).toFixed(1)}×`,
      ]);
      program.destroy();
      weights.release();
    }
  }
  console.log(table(["kernel", "GFLOP/s", "of peak", "tfjs GFLOP/s", "ratio"], rows));
  device.close();
}

let last: tf.Tensor | undefined;
