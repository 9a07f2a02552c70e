/**
 * Weights that stay quantised on the device, whatever brings them there. The bundled model is real enough to look
 * alike.
 */
import assert from "@std/assert";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { safetensorsHead } from "../../src/formats/safetensors.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { paint } from "../../src/generate.ts";
import { convert, planConversion, type TargetType } from "../../src/model/convert.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { loadModel, type LoadOptions } from "../../src/pipeline/model.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { inFolder } from "../model/files.ts";
import { random, testDevice } from "../ops/harness.ts";

const options = { prompt: "a red apple", steps: 4, seed: 3, width: 64, height: 64 } as const;

async function converted(from: string, to: string, type?: TargetType): Promise<string> {
  const source = await openTensors(from);
  using file = await Deno.open(to, { write: true, create: true });
  const format = to.endsWith(".gguf") ? "gguf" : "safetensors";
  await convert(source, planConversion(source, format, type), format, async (bytes) => void await file.write(bytes));
  source.close();
  return to;
}

async function draw(load: LoadOptions, asked: GenerateOptions = options) {
  const model = await loadModel(BUNDLED_MODEL, { device: await testDevice(), ...load });
  try {
    const { image } = await paint(model, asked);
    return { data: image.data, bytes: model.backbone.weights.bytes, storedAs: model.storedAs };
  } finally {
    model.close();
  }
}

/** Decibels between two pictures. */
function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const squares = Array.from(a, (value, i) => (value - b[i]) ** 2);
  return 10 * Math.log10(255 ** 2 * squares.length / squares.reduce((sum, square) => sum + square, 0));
}

const unet = `${BUNDLED_MODEL}/unet/diffusion_pytorch_model.safetensors`;

Deno.test("a GGUF file's pictures are the same whether its matrices stay quantised or are unpacked as they are loaded", () =>
  inFolder(async (folder) => {
    const plain = await draw({ type: "f16" });
    const checkpoint = { unet: await converted(unet, `${folder}/unet.gguf`, "q8_0") };
    const [kept, unpacked] = [await draw({ checkpoint }), await draw({ checkpoint, type: "f16" })];
    assert.deepEqual(kept.data, unpacked.data);
    assert.deepEqual(await draw({ checkpoint, offload: "stream" }), kept, "streamed");
    assert.ok(kept.bytes < unpacked.bytes);
    assert.ok(psnr(kept.data, plain.data) > 40, `${psnr(kept.data, plain.data)} dB`);
    assert.equal(kept.storedAs, "f16");
    // Another round of conversion changes nothing.
    const again = await converted(checkpoint.unet, `${folder}/again.gguf`);
    assert.deepEqual(await Deno.readFile(again), await Deno.readFile(checkpoint.unet));
  }));

Deno.test("--type q4_0 quantises what it loads, in less memory than f16, and the plan knows how much", async () => {
  const device = await openDevice();
  const model = await loadModel(BUNDLED_MODEL, { device, type: "q4_0", offload: true });
  try {
    assert.equal(model.storedAs, "q4_0");
    // One step: those that follow amplify what four bits change of the first, with some seeds and weights beyond
    // likeness.
    const asked = { ...options, steps: 1 };
    const { image } = await paint(model, asked);
    const { peak } = memoryNeed(model, await prepare(model, asked));
    const more = device.peakBytes - peak; // uniforms, region maps and tables are not in the plan
    assert.ok(more > -0.02 * peak && more < 2 ** 20, `planned ${peak}, allocated ${device.peakBytes}`);
    const plain = await draw({ type: "f16" }, asked);
    assert.ok(psnr(image.data, plain.data) > 20, `${psnr(image.data, plain.data)} dB`);
    assert.ok(model.backbone.weights.bytes < plain.bytes);
  } finally {
    model.close();
    device.close();
  }
});

Deno.test("a LoRA is merged before its layers are quantised, and holds in one region beside those that are", () =>
  inFolder(async (loraDir) => {
    await writeLora(`${loraDir}/ink.safetensors`);
    const regions = (tag: string) =>
      planFromRegions({ regions: `a red apple${tag} BREAK a pear`, splitRatio: "1,1", mode: "attention" });
    const asked: GenerateOptions[] = [
      { ...options, prompt: "a red apple <lora:ink:1>" },
      { ...options, width: 128, plan: regions(" <lora:ink:1>") },
      { ...options, width: 128, plan: regions("") },
    ];
    const drawn = async (type: "f16" | "q8_0") => {
      using model = await loadModel(BUNDLED_MODEL, { device: await testDevice(), type, loraDir });
      const pictures = [];
      for (const one of asked) pictures.push((await paint(model, one)).image.data);
      return pictures;
    };
    const [plain, kept] = [await drawn("f16"), await drawn("q8_0")];
    const without = await draw({ type: "f16" });
    const near = plain.map((picture, i) => psnr(picture, kept[i]));
    const changed = [psnr(plain[0], without.data), psnr(plain[1], plain[2])];
    near.forEach((db, i) => assert.ok(db > 30, `${i}: ${db} dB`));
    changed.forEach((db, i) => assert.ok(db < near[i] - 5, `${i}: ${db} dB with and without, ${near[i]} dB quantised`));
  }));

/** A LoRA of the bundled model's self-attention. */
async function writeLora(path: string): Promise<void> {
  const source = await openTensors(unet);
  const layers = [...source.tensors.values()].filter(({ name }) => /attn1\.to_(v|out\.0)\.weight$/.test(name));
  source.close();
  const rank = 4;
  const tensors = layers.flatMap(({ name, shape: [out, inputs] }) => [
    { name: `unet.${name.replace(".weight", ".lora_A.weight")}`, dtype: "F32" as const, shape: [rank, inputs] },
    { name: `unet.${name.replace(".weight", ".lora_B.weight")}`, dtype: "F32" as const, shape: [out, rank] },
  ]);
  const numbers = tensors.map(({ shape }, i) => random(shape[0] * shape[1], i + 1).map((value) => value * 0.2));
  await Deno.writeFile(
    path,
    new Uint8Array(await new Blob([safetensorsHead(tensors), ...numbers] as BlobPart[]).arrayBuffer()),
  );
}
