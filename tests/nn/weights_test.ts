/** What a file must hold for a network: names, shapes and numbers, each told by file and key where it is wrong. */
import assert from "@std/assert";
import { GpuError, ModelError } from "../../src/errors.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { Device } from "../../src/gpu/device.ts";
import { readFloats } from "../../src/gpu/storage.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { Weights } from "../../src/nn/weights.ts";
import { inFolder, safetensors, type Written } from "../model/files.ts";
import { random, testDevice, WAYS } from "../ops/harness.ts";

const f32 = (shape: number[], spoilt: Record<number, number> = {}): Written => {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  for (const [at, value] of Object.entries(spoilt)) values[Number(at)] = value;
  return { shape, data: new Uint8Array(values.buffer) };
};
const GOOD = { "a.weight": f32([12, 8]), "a.bias": f32([12]), "n.weight": f32([12]), "n.bias": f32([12]) };

/** Declares one linear layer and one norm, and loads them from these tensors. */
async function load(tensors: Record<string, Written>, { precision, kind }: typeof WAYS[number] = WAYS[0]) {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/net.safetensors`, safetensors(tensors));
    const source = await openSafetensors(`${folder}/net.safetensors`);
    const weights = new Weights(await testDevice(kind), precision, "unet");
    weights.matrix("a", 8, 12);
    weights.norm("n", 12, 1e-5);
    try {
      weights.check(source, /^known/);
      await weights.load(source);
    } catch (error) {
      assert.ok(!weights.ready, "a matrix that was refused is not there");
      throw error;
    } finally {
      weights.release();
      source.close();
    }
  });
}

const says = (pattern: RegExp) => (error: unknown) => error instanceof ModelError && pattern.test(error.message);

Deno.test("missing, misshapen and unexpected tensors are listed together, by file, key, expected and found", async () => {
  await load({ ...GOOD, known: f32([1]) });
  const { "a.bias": _, ...rest } = GOOD;
  const wrong = { ...rest, "a.weight": f32([8, 12]), stray: f32([3]) };
  await assert.rejects(load(wrong), (error: unknown) => {
    return [
      /a\.weight in .*net\.safetensors: expected \[12, 8\], found \[8, 12\]/,
      /missing a\.bias \[12\]/,
      /unexpected stray \[3\] in .*net\.safetensors/,
      /net\.safetensors does not hold this unet/,
    ].every((pattern) => says(pattern)(error));
  });
});

for (const way of WAYS) {
  Deno.test(`NaN and Inf in weights are refused with file and key, ${way.name}`, async () => {
    await load(GOOD, way);
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const [name, at] of [["a.weight", 95], ["a.bias", 3], ["n.weight", 11]] as const) {
        const tensors = { ...GOOD, [name]: f32(GOOD[name].shape, { [at]: bad }) };
        await assert.rejects(load(tensors, way), says(new RegExp(`${name} in .*net\\.safetensors .*not finite`)));
      }
    }
    const large = load({ ...GOOD, "a.weight": f32([12, 8], { 5: 1e6 }) }, way);
    if (way.precision === "f16") await assert.rejects(large, says(/a\.weight .*too large for f16.*--type f32/));
    else await large;
  });
}

Deno.test("where what travels has no room on a GPU, nothing of it stays there", async () => {
  const { gpu, summary, subgroups, timestamps } = await testDevice("like a GPU");
  const device = new Device(gpu, summary, subgroups, timestamps);
  const weights = new Weights(device, "f16", "unet");
  const make = device.buffer.bind(device);
  device.buffer = (label, ...how) => {
    if (label === "staging") throw new GpuError("no room");
    return make(label, ...how);
  };
  weights.matrix("a", 8, 12, { bias: false });
  const source = arraysSource({ "a.weight": { shape: [12, 8], values: random(96) } });
  await assert.rejects(weights.load(source), /no room/);
  assert.equal(device.allocatedBytes, 0);
});

Deno.test("matrices that a layer joins may be of different types, as files of mixed quantisation have them", async () => {
  const half = (values: Float32Array) => new Uint8Array(Float16Array.from(values).buffer);
  const values = [1, 2].map((seed) => random(8 * 8, seed).map((value) => Math.fround(Math.round(value * 64) / 64)));
  const file = (mixed: boolean) => ({
    "q.weight": {
      dtype: mixed ? "F16" as const : "F32" as const,
      shape: [8, 8],
      data: mixed ? half(values[0]) : new Uint8Array(values[0].buffer),
    },
    "k.weight": { shape: [8, 8], data: new Uint8Array(values[1].buffer) },
  });
  const packed = async (mixed: boolean) => {
    let numbers: Float32Array | undefined;
    await inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/net.safetensors`, safetensors(file(mixed)));
      const source = await openSafetensors(`${folder}/net.safetensors`);
      const device = await testDevice();
      const weights = new Weights(device, "f32", "unet");
      const { panels } = weights.matrix("qk", 8, 16, { parts: ["q", "k"], bias: false });
      await weights.load(source);
      numbers = await readFloats(device, panels);
      weights.release();
      source.close();
    });
    return numbers!;
  };
  assert.deepEqual(await packed(true), await packed(false));
});
