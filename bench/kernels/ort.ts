/**
 * ONNX Runtime in its build for browsers, with its WebGPU provider.
 *
 * @module
 */
// Named here and not in deno.json, whose packages the first command installs.
// deno-lint-ignore no-import-prefix
import type * as Ort from "npm:onnxruntime-common@1.30.0";
import { CONTRIBUTED, type Named, onnxModel } from "./onnx.ts";
import { type Entrant, noise, type Work } from "./work.ts";

/** 140 MB, which only those who run this fetch: a type check would, too, if the name stood in an import. */
const PACKAGE: string = "npm:onnxruntime-web@1.30.0/webgpu";

/** A model that does `work`, and its inputs. */
function modelOf(work: Work): { bytes: Uint8Array; inputs: Named[] } {
  const weights = (...shape: number[]) => [{ name: "w", shape, values: noise(...shape) }];
  switch (work.kind) {
    case "matmul": {
      const { rows, inner, columns } = work;
      const x = { name: "x", shape: [1, rows, inner] };
      const node = { op: "MatMul", inputs: ["x", "w"], outputs: ["y"] };
      const y = { name: "y", shape: [1, rows, columns] };
      return { bytes: onnxModel([node], [x], [y], weights(inner, columns)), inputs: [x] };
    }
    case "conv": {
      const { channels, side } = work;
      const [x, y] = ["x", "y"].map((name) => ({ name, shape: [1, channels, side, side] }));
      const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
      const node = { op: "Conv", inputs: ["x", "w"], outputs: ["y"], attributes };
      return { bytes: onnxModel([node], [x], [y], weights(channels, channels, 3, 3)), inputs: [x] };
    }
    case "attention": {
      const { heads, width, rows } = work;
      const [q, k, v, y] = ["q", "k", "v", "y"].map((name) => ({ name, shape: [1, rows, heads * width] }));
      const attributes = { num_heads: heads };
      const node = {
        op: "MultiHeadAttention",
        domain: CONTRIBUTED,
        inputs: ["q", "k", "v"],
        outputs: ["y"],
        attributes,
      };
      return { bytes: onnxModel([node], [q, k, v], [y]), inputs: [q, k, v] };
    }
  }
}

/** ONNX Runtime, ready for `work`, with its tensors on the device. */
export async function onnxRuntime(work: Work): Promise<Entrant> {
  const ort: typeof Ort = await import(PACKAGE);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const { bytes, inputs } = modelOf(work);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
  });
  const device = await ort.env.webgpu.device as GPUDevice;
  const buffers: GPUBuffer[] = [];
  const feeds: Record<string, Ort.Tensor> = {};
  for (const { name, shape } of inputs) {
    const data = noise(...shape);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: data.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, data);
    buffers.push(buffer);
    feeds[name] = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: [...shape] });
  }
  return {
    async run() {
      (await session.run(feeds)).y.dispose();
    },
    finished: () => device.queue.onSubmittedWorkDone(),
    async release() {
      await session.release();
      for (const buffer of buffers) buffer.destroy();
    },
  };
}
