/**
 * TensorFlow.js with its WebGPU backend.
 *
 * @module
 */
// Named here and not in deno.json, whose packages the first command installs.
// deno-lint-ignore no-import-prefix
import type { WebGPUBackend } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
// deno-lint-ignore no-import-prefix
import "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
// deno-lint-ignore no-import-prefix
import * as tf from "npm:@tensorflow/tfjs-core@4.22.0";
import { type Entrant, noise, type Work } from "./work.ts";

const random = (...shape: number[]) => tf.tensor(noise(...shape), shape);

/** Makes the operands of `work`, and what computes it from them. */
function prepare(work: Work): [operands: tf.Tensor[], compute: (operands: tf.Tensor[]) => tf.Tensor] {
  switch (work.kind) {
    case "matmul":
      return [[random(work.rows, work.inner), random(work.inner, work.columns)], ([a, b]) => tf.matMul(a, b)];
    case "conv": {
      const { side, channels } = work;
      return [
        [random(1, side, side, channels), random(3, 3, channels, channels)],
        ([x, k]) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, "same"),
      ];
    }
    case "attention": {
      const shape = [work.heads, work.rows, work.width];
      return [[random(...shape), random(...shape), random(...shape)], ([q, k, v]) => {
        const scores = tf.mul(tf.matMul(q, k, false, true), work.width ** -0.5);
        return tf.matMul(tf.softmax(scores), v);
      }];
    }
  }
}

/** TensorFlow.js, ready for `work`. */
export async function tfjs(work: Work): Promise<Entrant> {
  await tf.setBackend("webgpu");
  const backend = tf.backend() as WebGPUBackend;
  const [operands, compute] = prepare(work);
  let last: tf.Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = tf.tidy(() => compute(operands));
    },
    finished() {
      backend.endComputePassEncoder();
      backend.submitQueue();
      return backend.device.queue.onSubmittedWorkDone();
    },
    release: () => tf.dispose([...operands, ...(last ? [last] : [])]),
  };
}
