/**
 * Grids and the few sizes that differ between classes of device.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";

/** Workgroups of 64 invocations for `count` invocations, folded into two dimensions. */
export function grid64(count: number): [number, number] {
  const groups = Math.ceil(count / 64);
  const width = Math.min(groups, 32768);
  return [width, Math.ceil(groups / width)];
}

/**
 * Groups of 8 lanes in one workgroup. A software adapter runs 8 lanes at a time, a GPU 32 or 64: there, four groups fill a
 * subgroup.
 */
export function waves(device: Device): number {
  return device.summary.software ? 1 : 4;
}
