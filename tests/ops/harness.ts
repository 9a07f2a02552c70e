/**
 * Runs an op on the device and gives its result as numbers; weights come from memory instead of a file.
 *
 * @module
 */
import assert from "@std/assert";
import { Device, openDevice, type Precision } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { Weights } from "../../src/nn/weights.ts";
import type { KeptType } from "../../src/ops/weight.ts";

/** One device for all tests of a file, as it is and dressed up as other classes of device. */
const devices: Partial<Record<DeviceClass, Promise<Device>>> = {};

/**
 * What decides a kernel's variant besides precision: textures or buffers, shuffles or workgroup memory, waves to a
 * group.
 */
export type DeviceClass = "as it is" | "like a GPU" | "like a GPU without subgroups";

// A driver that is torn down by the end of the process, with its threads running, may crash it.
const opened: Device[] = [];
globalThis.addEventListener("unload", () => opened.forEach((device) => device.close()));

async function openOwn(): Promise<Device> {
  const device = await openDevice();
  opened.push(device);
  device.tuning = { wrong: [], speeds: {} }; // the table's choices, whatever device this is
  return device;
}

/** The adapter of this machine, treated as `kind`. */
export function testDevice(kind: DeviceClass = "as it is"): Promise<Device> {
  return devices[kind] ??= kind === "as it is" ? openOwn() : testDevice().then((device) => {
    const summary = { ...device.summary, software: false };
    const own = new Device(device.gpu, summary, kind === "like a GPU" && device.subgroups, device.timestamps);
    own.tuning = device.tuning;
    return own;
  });
}

/** `device` with a compiler of its own. */
export function compiling({ gpu, summary, subgroups, textures }: Device, code: (code: string) => string): Device {
  const own = new Proxy(gpu, {
    get(target, key) {
      if (key === "createShaderModule") {
        return (descriptor: GPUShaderModuleDescriptor) =>
          target.createShaderModule({ ...descriptor, code: code(descriptor.code) });
      }
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Device(own, summary, subgroups, false, textures);
}

/** How an op is tested: `forced` names the variants to use, by op. */
export interface Way {
  precision: Precision;
  kind: DeviceClass;
  name: string;
  forced?: Record<string, string>;
  /** Weights stay quantised on the device. */
  keep?: KeptType;
  /** What the device's compiler makes of the code of kernels, where it is to be worse than it is. */
  code?: (code: string) => string;
}

/** Every op is tested in these ways. */
export const WAYS: Way[] = [
  { precision: "f32", kind: "as it is", name: "f32" },
  { precision: "f16", kind: "as it is", name: "f16" },
  { precision: "f16", kind: "like a GPU", name: "f16 in buffers" },
  { precision: "f32", kind: "like a GPU without subgroups", name: "f32 in buffers, without subgroups" },
];

/** Reproducible numbers in −1 … 1. */
export function random(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** An input of an op: its shape and numbers. */
export interface Given {
  shape: number[];
  values: ArrayLike<number>;
}

/** Records `build`, loads its weights, writes the inputs, runs once and reads the result. */
export async function compute(
  { precision, kind, forced = {}, keep, code }: Omit<Way, "name">,
  inputs: Given[],
  weights: Record<string, { shape: number[]; values: Float32Array | Float16Array }>,
  build: (g: Graph, w: Weights, inputs: Tensor[]) => Tensor,
): Promise<Float32Array> {
  const device = code ? compiling(await testDevice(kind), code) : await testDevice(kind);
  device.forced.clear();
  for (const [op, variant] of Object.entries(forced)) device.forced.set(op, variant);
  const g = new Graph(device, "test", precision);
  const w = new Weights(device, precision, "test", () => keep);
  const tensors = inputs.map(({ shape }, i) => g.input(`input ${i}`, shape));
  const out = g.output(build(g, w, tensors));
  await w.load(arraysSource(weights));
  const program = await g.compile();
  inputs.forEach(({ values }, i) => writeFloats(device, tensors[i], values));
  program.run();
  const result = await readFloats(device, out);
  program.destroy();
  w.release();
  return result;
}

/** |a − e| ≤ atol + |e|·rtol everywhere; the message says where it is worst. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, atol: number, rtol: number): void {
  assert.equal(actual.length, expected.length);
  let worst = -1;
  let at = 0;
  for (let i = 0; i < actual.length; i++) {
    const excess = Math.abs(actual[i] - expected[i]) - atol - Math.abs(expected[i]) * rtol;
    if (!(excess <= worst)) [worst, at] = [excess, i];
    if (Number.isNaN(excess)) break;
  }
  assert.ok(worst <= 0, `element ${at}: ${actual[at]}, expected ${expected[at]} (tolerance passed by ${worst})`);
}

/** Tolerances: storage rounds inputs, weights and result once each; sums are f32. */
export const TOLERANCE = { f32: [2e-5, 2e-5], f16: [4e-3, 4e-3] } as const;

/**
 * Where 32 products of numbers up to 1 are summed in f16: 64 roundings, each by up to 2⁻¹² of what is there by then,
 * hardly ever more than 8, add up like steps of a random walk; the sums of ten such are added in f32.
 */
export const TOLERANCE_OF_HALFS = [2e-2, 4e-3] as const;
