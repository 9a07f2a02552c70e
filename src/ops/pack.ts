/**
 * Packs matrices into panels on the device, as their bytes arrive from the file.
 *
 * @module
 */
import source from "../../shaders/pack.wgsl" with { type: "text" };
import type { Device, Precision } from "../gpu/device.ts";
import { pipelineFor } from "../gpu/kernel.ts";
import { bindingOf } from "../gpu/storage.ts";
import { packStruct } from "../gpu/struct.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import type { Weight } from "./weight.ts";

/** Number types that shaders/shared/numbers.wgsl reads, in the order of its DTYPE. */
export const PACKABLE = ["F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"] as const;
export type Packable = typeof PACKABLE[number];

/** Part of a weight whose rows lie in the staging tensor. */
export interface PackJob {
  weight: Weight;
  /** Panels [first, first + panels) are written. */
  firstPanel: number;
  panels: number;
  /** Rows in the staging tensor (of a gated weight: values, then as many gates), and the byte where they begin. */
  rows: number;
  offset: number;
  dtype: Packable;
  /** Word of the flags tensor where bad numbers are reported: 1 not finite, 2 too large for the storage. */
  flag: number;
}

const KERNEL = { name: "pack", source };

/** Submits the packing of `jobs` from `staging`. `staging` and `flags` are plain u32. */
export async function pack(
  device: Device,
  precision: Precision,
  staging: Tensor,
  flags: Tensor,
  jobs: PackJob[],
): Promise<void> {
  const pipelines: GPUComputePipeline[] = [];
  const stride = Math.max(256, device.gpu.limits.minUniformBufferOffsetAlignment);
  const words = new Uint32Array(jobs.length * stride / 4);
  for (const [i, { weight, ...job }] of jobs.entries()) {
    const depth = padChannels(weight.inChannels);
    const constants = { DTYPE: PACKABLE.indexOf(job.dtype), TAPS: weight.taps, GATED: weight.gated ? 1 : 0 };
    pipelines.push(await pipelineFor(device, { kernel: KERNEL, precision, constants }));
    const params = packStruct(KERNEL, "Params", {
      rows: job.rows,
      channels: weight.inChannels,
      depth,
      first: job.firstPanel * weight.taps * depth * 8,
      offset: job.offset,
      gate: weight.gated ? job.rows / 2 : 0,
      flag: job.flag,
      limit: precision === "f16" ? 65504 : 3.4e38,
    });
    words.set(params, i * stride / 4);
  }
  const uniforms = device.buffer("pack", words.byteLength, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  device.gpu.queue.writeBuffer(uniforms, 0, words);
  const encoder = device.gpu.createCommandEncoder({ label: "pack" });
  const pass = encoder.beginComputePass({ label: "pack" });
  jobs.forEach((job, i) => {
    const pipeline = pipelines[i];
    pass.setPipeline(pipeline);
    const entries = [
      { binding: 0, resource: { buffer: uniforms, offset: i * stride, size: 32 } },
      { binding: 1, resource: bindingOf(staging) },
      { binding: 2, resource: bindingOf(flags) },
      { binding: 3, resource: bindingOf(job.weight.panels) },
    ];
    pass.setBindGroup(0, device.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.ceil(padChannels(job.weight.inChannels) / 8), job.panels * job.weight.taps);
  });
  pass.end();
  device.gpu.queue.submit([encoder.finish()]);
  device.release(uniforms); // destroyed once the submitted work is done
}
