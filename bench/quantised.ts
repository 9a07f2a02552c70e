/**
 * What quantised weights cost and save: `deno task bench quantised [--write]`. Pictures and steps are the bundled model's,
 * memory is that of models of the published sizes, from their names and shapes. `deno task bench quantised steps` times
 * steps of SD 1.5 at 512² with random weights.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../src/assets.ts";
import { paint } from "../src/generate.ts";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { openCheckpoint } from "../src/model/checkpoint.ts";
import { memoryNeed } from "../src/pipeline/memory.ts";
import { loadModel, Model } from "../src/pipeline/model.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { storageOf } from "../src/pipeline/weight_type.ts";
import { type Published, randomModel } from "./random_model.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

const TYPES = ["f16", "q8_0", "q4_0"] as const;
const PROMPTS = ["a red apple left of a green pear", "a blue car above a yellow star", "three green leaves"];
const SIDE: Partial<Record<Published, number>> = { sd1: 512, sdxl: 1024 };
const MIB = 2 ** 20;

/** Prints the tables. */
export async function run(args: string[]): Promise<void> {
  const device = await openDevice();
  if (args.includes("steps")) {
    console.log(table(STEPS, await steps(await randomModel("sd1"), device, { width: 512, height: 512, steps: 2 }, 1)));
    return device.close();
  }
  const [alike, smaller] = [await pictures(device), await memory(device)];
  console.log(`\n${table(ALIKE, alike)}\n\n${table(SMALLER, smaller)}`);
  if (args.includes("--write")) {
    await writeSection("docs/models.md", "bench:quantised", [[ALIKE, alike], [SMALLER, smaller]]);
  }
  device.close();
}

const ALIKE = ["bundled model", "UNet MiB", "PSNR to f32 dB", "worst"];

/** How near pictures are to those of f32, over some prompts and seeds. */
async function pictures(device: Device): Promise<string[][]> {
  const draw = async (type: "f32" | typeof TYPES[number]) => {
    using model = await loadModel(BUNDLED_MODEL, { device, type });
    const images = [];
    for (const prompt of PROMPTS) {
      for (const seed of [1, 2]) images.push((await paint(model, { prompt, seed })).image.data);
    }
    return { images, bytes: model.backbone.weights.bytes };
  };
  const exact = await draw("f32");
  const rows = [];
  for (const type of TYPES) {
    const { images, bytes } = await draw(type);
    const each = images.map((image, i) => psnr(image, exact.images[i])).sort((a, b) => a - b);
    rows.push([type, (bytes / MIB).toFixed(1), each[each.length >> 1].toFixed(1), each[0].toFixed(1)]);
  }
  return rows;
}

/** Decibels between two pictures of 8 bits. */
function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - b[i]) ** 2;
  return 10 * Math.log10(255 ** 2 * a.length / squares);
}

const SMALLER = ["published size", "UNet GiB", "text GiB", "peak GiB", "networks in turn GiB"];

/** What the plan says of models of the published sizes. */
async function memory(device: Device): Promise<string[][]> {
  const rows = [];
  for (const [family, side] of Object.entries(SIDE) as [Published, number][]) {
    const checkpoint = await openCheckpoint(await randomModel(family));
    for (const type of TYPES) {
      const { precision, keep } = storageOf(type);
      const model = new Model(device, checkpoint, precision, { keep });
      const drawing = await prepare(model, { prompt: "a picture", width: side, height: side });
      const texts = model.textEncoders.reduce((sum, { weights }) => sum + weights.bytes, 0);
      const peaks = [false, true].map((offload) => memoryNeed(model, drawing, offload).peak);
      const bytes = [model.backbone.weights.bytes, texts, ...peaks];
      rows.push([`${checkpoint.preset.title}, ${side}², ${type}`, ...bytes.map((n) => (n / 2 ** 30).toFixed(2))]);
    }
    checkpoint.close();
  }
  return rows;
}

const STEPS = ["weights", "s a step", "of f16"];

/** The shortest step of each type, in turns, so that whatever else the machine does meets all alike. */
async function steps(
  path: string,
  device: Device,
  size: { width: number; height: number; steps: number },
  rounds: number,
) {
  const shortest = TYPES.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [i, type] of TYPES.entries()) {
      using model = await loadModel(path, { device, type, offload: true });
      const { timings } = await paint(model, { prompt: "a picture", ...size });
      shortest[i] = Math.min(shortest[i], ...timings.steps.slice(1));
    }
  }
  return TYPES.map((type, i) => [type, shortest[i].toFixed(2), `${(shortest[i] / shortest[0]).toFixed(2)}×`]);
}
