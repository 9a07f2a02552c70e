/**
 * Our kernels, as a network's layers would be recorded.
 *
 * @module
 */
import type { Device, Precision } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { Weights } from "../../src/nn/weights.ts";
import { attention, selfMap } from "../../src/ops/attention.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import type { Entrant, Work } from "./work.ts";

function record(g: Graph, w: Weights, work: Work): Tensor {
  switch (work.kind) {
    case "matmul": {
      const x = g.input("x", [1, work.rows, work.inner]);
      return linear(g, x, w.matrix("l", work.inner, work.columns, { bias: false }));
    }
    case "conv": {
      const { channels, side } = work;
      const x = g.input("x", [1, side, side, channels]);
      return conv3x3(g, x, w.matrix("c", channels, channels, { taps: 9, bias: false }));
    }
    case "attention": {
      const { heads, width, rows } = work;
      const [q, kv] = [g.input("q", [1, rows, heads * width]), g.input("kv", [1, rows, 2 * heads * width])];
      return attention(g, { q, kv }, { count: heads, width }, selfMap(1, rows));
    }
  }
}

/** This program, ready for `work`. */
export async function ours(device: Device, precision: Precision, work: Work): Promise<Entrant> {
  const g = new Graph(device, "bench", precision);
  const weights = new Weights(device, precision, "bench");
  g.output(record(g, weights, work));
  weights.allocate();
  const program = await g.compile();
  return {
    run: () => program.run(),
    finished: () => device.finished(),
    release() {
      program.destroy();
      weights.release();
    },
  };
}
