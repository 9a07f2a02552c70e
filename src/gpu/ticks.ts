/**
 * Timestamps of passes, on their way from the device. Their buffers are not counted as memory of the device: timing
 * must not change what is reported of it.
 *
 * @module
 */
import type { Device } from "./device.ts";

/**
 * Submits what `encoder` has recorded, and the reading of the first `count` timestamps behind it.
 * @returns what {@linkcode readTicks} takes
 */
export function submitTicks(
  gpu: GPUDevice,
  encoder: GPUCommandEncoder,
  querySet: GPUQuerySet,
  count: number,
): GPUBuffer {
  const [size, { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ }] = [8 * count, GPUBufferUsage];
  const resolved = gpu.createBuffer({ label: "resolved ticks", size, usage: QUERY_RESOLVE | COPY_SRC });
  const ticks = gpu.createBuffer({ label: "ticks", size, usage: MAP_READ | COPY_DST });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, ticks, 0, size);
  gpu.queue.submit([encoder.finish()]);
  resolved.destroy(); // once it has been used
  return ticks;
}

/**
 * The timestamps, once. Waits for the device.
 * @param signal ends the waiting at once, with its reason
 */
export async function readTicks(device: Device, ticks: GPUBuffer, signal?: AbortSignal): Promise<BigUint64Array> {
  const mapped = ticks.mapAsync(GPUMapMode.READ);
  mapped.catch(() => {}); // a failure is reported by the await below, unless `signal` ended that before
  try {
    await device.until(mapped, signal);
    return new BigUint64Array(ticks.getMappedRange().slice(0));
  } finally {
    ticks.destroy();
  }
}
