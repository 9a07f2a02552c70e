/**
 * Whether this device's matrix units can be had through WebGPU, and what a plain use of them reaches.
 *
 * @module
 */
import { noise, productOf, samplesOf } from "./references.ts";
import { firstLine, say } from "./rows.ts";
import source from "./matrix_units.wgsl" with { type: "text" };

const SIDE = 2048;
const tell = (what: string, value: string) => say("Matrix units", ["", ""], [what, value]);

/** A device with them. wgpu calls the feature so; a software adapter has none. */
async function open(features: string[]): Promise<GPUDevice | undefined> {
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    const device = await adapter!.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
    tell(features.join(", "), "granted");
    return device;
  } catch (error) {
    tell(features.join(", "), firstLine(error));
    return undefined;
  }
}

/** Buffers with these numbers, the product, its error and rate. */
async function multiply(device: GPUDevice): Promise<void> {
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault?.();
    tell("error", firstLine((event as GPUUncapturedErrorEvent).error.message));
  });
  const module = device.createShaderModule({ code: source });
  for (const { type, message } of (await module.getCompilationInfo()).messages) tell(type, firstLine(message));
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  const [x, w] = [noise(SIDE * SIDE, 1), noise(SIDE * SIDE, 1 / Math.sqrt(SIDE), 7)];
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const buffers = [2, 2, 4].map((bytes) =>
    device.createBuffer({ size: bytes * SIDE * SIDE, usage: STORAGE | COPY_SRC | COPY_DST })
  );
  device.queue.writeBuffer(buffers[0], 0, new Float16Array(x));
  device.queue.writeBuffer(buffers[1], 0, new Float16Array(w));
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const run = async (times: number, into?: GPUBuffer) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(SIDE / 32, SIDE / 32);
    pass.end();
    if (into) encoder.copyBufferToBuffer(buffers[2], 0, into, 0, into.size);
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / 1000;
  };
  const staging = device.createBuffer({ size: 4 * SIDE * SIDE, usage: MAP_READ | COPY_DST });
  await run(1, staging);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  const reference = productOf(x, w, SIDE);
  const off = samplesOf(SIDE, SIDE).map(([row, column]) =>
    Math.abs(values[row * SIDE + column] - reference(row, column))
  );
  tell("largest error of numbers about 1", Math.max(...off).toExponential(1));
  const times = 400;
  const seconds = Math.min(await run(times), await run(times)) / times;
  tell(`matmul ${SIDE}×${SIDE}×${SIDE}, f16, GFLOP/s`, (2 * SIDE ** 3 / seconds / 1e9).toFixed(0));
}

const device = await open(["shader-f16", "subgroups", "wgpu-cooperative-matrix"]) ??
  await open(["shader-f16", "wgpu-cooperative-matrix"]) ?? await open(["wgpu-cooperative-matrix"]);
if (device) await multiply(device).catch((error) => tell("product", firstLine(error)));
Deno.exit(0);
