/**
 * How fast weights reach the device, as a share of the rate at which the same file can be read: from the disk, and
 * again from memory, beside the rate at which as many bytes are only written there. `deno task bench load [MiB]` makes
 * a file of that size (default 512) in a temporary folder.
 *
 * @module
 */
import { openDevice } from "../src/gpu/device.ts";
import { openSafetensors, safetensorsHead } from "../src/formats/safetensors.ts";
import type { TensorSource } from "../src/formats/tensor_source.ts";
import { placeBytes } from "../src/gpu/storage.ts";
import { place } from "../src/nn/load_matrices.ts";
import { openPackedCache } from "../src/nn/packed_cache.ts";
import { Weights } from "../src/nn/weights.ts";

/** Of most of SDXL's matrices. */
const SIDE = 1280;

/** A safetensors file of f16 matrices. */
async function makeFile(path: string, matrices: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const writer = file.writable.getWriter();
  const names = Array.from({ length: matrices }, (_, i) => `l${i}.weight`);
  await writer.write(safetensorsHead(names.map((name) => ({ name, dtype: "F16", shape: [SIDE, SIDE] }))));
  const values = new Float16Array(SIDE * SIDE).map((_, i) => Math.sin(i));
  for (let i = 0; i < matrices; i++) await writer.write(new Uint8Array(values.buffer));
  writer.releaseLock();
}

/** Makes the next reads come from the disk. Only Linux lets one, and only root. */
async function forgetFiles(): Promise<boolean> {
  try {
    await new Deno.Command("sync").output();
    await Deno.writeTextFile("/proc/sys/vm/drop_caches", "3");
    return true;
  } catch {
    return false;
  }
}

/** Prints the rates. @param print is given a line at a time */
export async function run([size = "512"]: string[], print: (line: string) => void = console.log): Promise<void> {
  const matrices = Math.max(1, Math.round(Number(size) * 2 ** 20 / (SIDE * SIDE * 2)));
  const folder = await Deno.makeTempDir();
  const path = `${folder}/bench.safetensors`;
  const device = await openDevice();
  try {
    await makeFile(path, matrices);
    const source = await openSafetensors(path);
    const mebibytes = matrices * SIDE * SIDE * 2 / 2 ** 20;
    const into = new Uint8Array(2 * SIDE * SIDE * 2);
    let heap = 0;
    const rate = async (work: () => Promise<void>) => {
      const start = performance.now();
      await work();
      return mebibytes / ((performance.now() - start) / 1000);
    };
    const declared = () => {
      const weights = new Weights(device, "f16", "bench");
      for (let i = 0; i < matrices; i++) weights.matrix(`l${i}`, SIDE, SIDE, { bias: false });
      return weights;
    };
    const read = async (from: TensorSource) => {
      for (const { name, bytes } of from.tensors.values()) await from.read(name, into.subarray(0, bytes));
    };
    const load = async (packed?: TensorSource) => {
      const weights = declared();
      await weights.load(source, { packed, onProgress: () => heap = Math.max(heap, Deno.memoryUsage().heapUsed) });
      await device.finished();
      weights.release();
    };
    const write = async () => {
      const weights = declared();
      const needs = weights.list.map((weight) => ({ weight, names: [] }));
      const packed = new Uint8Array(Math.max(...weights.list.map(({ panels }) => placeBytes(device, panels))));
      const matrices = async function* () {
        for (const { weight } of needs) yield { weight, packed, read: 0 };
      };
      await place(device, needs, matrices(), () => {});
      await device.finished();
      weights.release();
    };
    const cache = await openPackedCache(folder, declared(), source, print);
    if (!cache) throw new Error("The packed weights could not be kept.");
    await load(); // compiles
    const say = (where: string, [reading, loading, packed]: number[]) => {
      const share = (x: number) => `${x.toFixed(0)} MiB/s (${(100 * x / reading).toFixed(0)} %)`;
      print(
        `${where}: read ${reading.toFixed(0)} MiB/s, to the device ${share(loading)}, kept packed ${share(packed)}`,
      );
    };
    print(`\n${mebibytes.toFixed(0)} MiB of f16`);
    const jobs = [() => read(source), () => load(), () => load(cache)];
    if (await forgetFiles()) {
      const rates = [];
      for (const job of jobs) {
        await forgetFiles();
        rates.push(await rate(job));
      }
      say("from the disk", rates);
    } else print("from the disk: not measured, since only root on Linux can empty the page cache");
    await read(source);
    await read(cache);
    const rates = [];
    for (const job of jobs) rates.push(await rate(job));
    say("from memory", rates);
    print(`only written to the device: ${(await rate(write)).toFixed(0)} MiB/s`);
    print(`JavaScript heap at the most: ${(heap / 2 ** 20).toFixed(0)} MiB`);
    source.close();
    cache.close();
  } finally {
    device.close();
    await Deno.remove(folder, { recursive: true });
  }
}
