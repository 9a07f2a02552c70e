/**
 * The arithmetic that an adapter can do.
 *
 * @module
 */
import type { Device } from "../src/gpu/device.ts";
import { Graph } from "../src/gpu/graph.ts";
import { placeAlone, writeFloats } from "../src/gpu/storage.ts";
import { best } from "./best.ts";
import source from "./peak.wgsl" with { type: "text" };

/**
 * GFLOP/s that independent multiply-adds in registers reach: the most a kernel can whose sums are f32.
 * @param rounds of 24 each
 * @param halfs the most of one that computes in f16, two numbers at a time where the device can
 */
export async function measurePeak(device: Device, groups = 4096, rounds = 100, halfs = false): Promise<number> {
  const g = new Graph(device, "peak", "f32");
  const out = g.output(g.tensor("out", [groups * 64], "f32", "plain"));
  const seed = placeAlone(device, { ...out, place: undefined, label: "seed" });
  writeFloats(device, seed, new Float32Array(groups * 64).fill(0.5));
  const constants = { HALFS: Number(halfs), FULL: Number(!halfs) };
  g.dispatch({
    kernel: { name: "peak", source },
    constants,
    params: { rounds },
    bindings: [seed, out],
    grid: [groups],
  });
  using program = await g.compile();
  const seconds = await best(() => program.run(), () => device.finished());
  return groups * 64 * rounds * 8 * 3 * 4 * 2 / seconds / 1e9;
}
