/**
 * What LoRAs cost, on models of published size with random weights: `deno task bench lora` gives the time that merging
 * one of rank 64 takes SDXL, `deno task bench lora regions [WIDTH HEIGHT]` what one of rank 16 in one of two regions
 * adds to a step of SD 1.5.
 *
 * @module
 */
import { Adapter } from "../src/adapter/adapter_file.ts";
import { merged } from "../src/adapter/merged.ts";
import { safetensorsHead } from "../src/formats/safetensors.ts";
import type { TensorSource } from "../src/formats/tensor_source.ts";
import { paint } from "../src/generate.ts";
import { openDevice } from "../src/gpu/device.ts";
import { openCheckpoint } from "../src/model/checkpoint.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { multiplier } from "../src/pipeline/multiply.ts";
import { planFromRegions } from "../src/plan/from_regions.ts";
import { randomModel } from "./random_model.ts";
import { table } from "./table.ts";

/** The layers that LoRAs are usually trained on. */
const TRAINED = /\.transformer_blocks\.\d+\..*\.weight$|\.proj_(in|out)\.weight$/;

/** Writes a LoRA of the UNet's transformers under diffusers' names. */
async function writeLora(path: string, unet: TensorSource, rank: number): Promise<void> {
  const layers = [...unet.tensors.values()].filter(({ name, shape }) => TRAINED.test(name) && shape.length > 1);
  const tensors = layers.flatMap(({ name, shape: [out, inputs, ...taps] }) => {
    const module = `unet.${name.replace(/\.weight$/, "")}`;
    return [
      { name: `${module}.lora_A.weight`, dtype: "F16" as const, shape: [rank, inputs, ...taps] },
      { name: `${module}.lora_B.weight`, dtype: "F16" as const, shape: [out, rank, ...taps] },
    ];
  });
  const file = await Deno.open(path, { write: true, create: true });
  const writer = file.writable.getWriter();
  await writer.write(safetensorsHead(tensors));
  for (const { shape } of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    await writer.write(new Uint8Array(Float16Array.from({ length: count }, (_, i) => Math.sin(i) / 100).buffer));
  }
  await writer.close();
}

/** Prints the figures. */
export async function run([what, width = "512", height = "512"]: string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    if (what === "regions") await regions(folder, { width: Number(width), height: Number(height) });
    else await merging(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function merging(folder: string): Promise<void> {
  const device = await openDevice();
  const checkpoint = await openCheckpoint(await randomModel("sdxl"));
  const { source } = checkpoint.unet;
  const path = `${folder}/rank64.safetensors`;
  await writeLora(path, source, 64);
  const adapter = await Adapter.open(path, { unet: source });
  const changed = adapter.tensors("unet");
  const time = async (names: string[], multiply?: ReturnType<typeof multiplier>) => {
    const from = merged(source, "unet", [{ adapter, weight: 0.8 }], multiply);
    const started = performance.now();
    for (const name of names) await from.read(name, new Uint8Array(from.tensors.get(name)!.bytes));
    return (performance.now() - started) / 1000;
  };
  const some = changed.filter((_, i) => i % 32 === 0);
  await time(some.slice(0, 2), multiplier(device)); // compiles
  const [here, there] = [await time(some), await time(some, multiplier(device))];
  const all = await time(changed, multiplier(device));
  console.log(`\nSDXL, rank 64, ${changed.length} matrices, on ${device.summary.name}: merged in ${all.toFixed(1)} s`);
  console.log(`${some.length} of them: ${here.toFixed(1)} s by the host, ${there.toFixed(1)} s with the device`);
  adapter.close();
  checkpoint.close();
  device.close();
}

async function regions(folder: string, size: { width: number; height: number }): Promise<void> {
  const path = await randomModel("sd1");
  const checkpoint = await openCheckpoint(path);
  await writeLora(`${folder}/rank16.safetensors`, checkpoint.unet.source, 16);
  checkpoint.close();
  using model = await loadModel(path, { loraDir: folder });
  const plans = ["", " <lora:rank16:0.8>"].map((tag) =>
    planFromRegions({ regions: `a red apple${tag} BREAK a blue car`, splitRatio: "1,1", mode: "attention" })
  );
  const shortest = plans.map(() => Infinity);
  for (let round = 0; round < 2; round++) {
    for (const [i, plan] of plans.entries()) {
      const { timings } = await paint(model, { plan, ...size, steps: 3 });
      shortest[i] = Math.min(shortest[i], ...timings.steps.slice(1));
    }
  }
  const rows = ["no LoRA", "rank 16 in one"].map((name, i) => [
    name,
    shortest[i].toFixed(2),
    `${(shortest[i] / shortest[0]).toFixed(2)}×`,
  ]);
  console.log(`\nSD 1.5, ${size.width}×${size.height}, two regions\n`);
  console.log(table(["LoRAs", "s a step", "of none"], rows));
}
