/**
 * Packs matrices into panels on the device, as their bytes arrive from the file.
 *
 * @module
 */
import source from "../../shaders/pack.wgsl" with { type: "text" };
import type { Device, Precision } from "../gpu/device.ts";
import { pipelineFor } from "../gpu/kernel.ts";
import { bindingOf } from "../gpu/storage.ts";
import { floatBits, padChannels, type Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";
import type { Weight } from "./matmul.ts";

/** Number types that shaders/pack.wgsl reads, in the order of its `dtype`. */
export const PACKABLE = ["F32", "F16", "BF16", "F8_E4M3"] as const;
export type Packable = typeof PACKABLE[number];

/** Part of a weight whose rows lie in a staging buffer. */
export interface PackJob {
  weight: Weight;
  /** Panels [first, first + panels) are written. */
  firstPanel: number;
  panels: number;
  /** Rows in the staging buffer (of a gated weight: values, then as many gates), and the byte where they begin. */
  rows: number;
  offset: number;
  dtype: Packable;
  /** Word of the flags tensor where bad numbers are reported: 1 not finite, 2 too large for the storage. */
  flag: number;
}

/** Submits the packing of `jobs` from `staging`. `flags` is plain u32. */
export async function pack(
  device: Device,
  precision: Precision,
  staging: GPUBuffer,
  flags: Tensor,
  jobs: PackJob[],
): Promise<void> {
  const pipeline = await pipelineFor(device, { kernel: { name: "pack", source }, precision, constants: {} });
  const stride = Math.max(256, device.gpu.limits.minUniformBufferOffsetAlignment);
  const words = new Uint32Array(jobs.length * stride / 4);
  const grids = jobs.map((job, i) => {
    const depth = padChannels(job.weight.inChannels);
    const perPanel = depth * job.weight.taps * 8;
    const grid = grid64(job.panels * perPanel);
    words.set([
      job.rows,
      job.weight.inChannels,
      depth,
      job.weight.taps,
      job.firstPanel * perPanel,
      job.panels * perPanel,
      PACKABLE.indexOf(job.dtype),
      job.offset,
      job.weight.gated ? job.rows / 2 : 0,
      job.flag,
      floatBits(precision === "f16" ? 65504 : 3.4e38),
      grid[0],
    ], i * stride / 4);
    return grid;
  });
  const uniforms = device.buffer("pack", words.byteLength, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  device.gpu.queue.writeBuffer(uniforms, 0, words);
  const encoder = device.gpu.createCommandEncoder({ label: "pack" });
  const pass = encoder.beginComputePass({ label: "pack" });
  pass.setPipeline(pipeline);
  jobs.forEach((job, i) => {
    const entries = [
      { binding: 0, resource: { buffer: uniforms, offset: i * stride, size: 48 } },
      { binding: 1, resource: { buffer: staging } },
      { binding: 2, resource: bindingOf(flags) },
      { binding: 3, resource: bindingOf(job.weight.panels) },
    ];
    pass.setBindGroup(0, device.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...grids[i]);
  });
  pass.end();
  device.gpu.queue.submit([encoder.finish()]);
  device.release(uniforms); // destroyed once the submitted work is done
}
