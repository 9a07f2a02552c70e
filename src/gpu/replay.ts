/**
 * What a compiled graph submits, and who may look on.
 *
 * @module
 */
import type { Tensor } from "./tensor.ts";

/** One dispatch with all it needs. */
export interface Replay {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: [number, number?, number?];
  name: string;
  /** What it writes. */
  result: Tensor;
  /** Multiplications and additions, where they are what it is about. */
  flops?: number;
}

/** Follows what a device does (trace.ts). Times are milliseconds, as performance.now() has them. */
export interface Tracer {
  /** Something the host did. */
  span(name: string, start: number, end?: number): void;
  /** Submits dispatches in order, and takes their time. */
  submit(label: string, replays: readonly Replay[]): void;
  /** Called once all that was submitted is done. */
  finished(): void;
}

/** Records dispatches in order, in one pass. */
export function recordPass(
  encoder: GPUCommandEncoder,
  descriptor: GPUComputePassDescriptor,
  replays: readonly Replay[],
): void {
  const pass = encoder.beginComputePass(descriptor);
  for (const { pipeline, bindGroup, grid } of replays) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...grid);
  }
  pass.end();
}

/** Submits dispatches in order, in one pass. */
export function submitPass(gpu: GPUDevice, label: string, replays: readonly Replay[]): void {
  const encoder = gpu.createCommandEncoder({ label });
  recordPass(encoder, { label }, replays);
  gpu.queue.submit([encoder.finish()]);
}
