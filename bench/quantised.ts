/**
 * What quantised weights cost and save: `deno task bench quantised [--write]`. Pictures are the bundled model's, memory
 * is that of models of the published sizes, from their names and shapes, and what unpacking adds is timed on one layer.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../src/assets.ts";
import { paint } from "../src/generate.ts";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { Graph } from "../src/gpu/graph.ts";
import { openCheckpoint } from "../src/model/checkpoint.ts";
import { Weights } from "../src/nn/weights.ts";
import { linear } from "../src/ops/matmul.ts";
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
  const [slower, alike, smaller] = [await layers(device), await pictures(device), await memory(device)];
  const tables = [[ALIKE, alike], [SMALLER, smaller], [LAYERS, slower]] as const;
  for (const [header, rows] of tables) console.log(`\n${table(header, rows)}`);
  // Without the last one: times vary.
  if (args.includes("--write")) await writeSection("docs/models.md", "bench:quantised", tables.slice(0, 2));
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

const LAYERS = ["rows of a 1280² layer", ...TYPES.map((type) => (type === "f16" ? "f16 ms" : `${type} of f16`))];

/** What unpacking adds to a layer, in turns, so that whatever else the machine does meets all alike. */
async function layers(device: Device): Promise<string[][]> {
  const rows = [];
  for (const count of [77, 256, 1024, 4096]) {
    const programs = [];
    for (const type of TYPES) {
      const weights = new Weights(device, "f16", "bench", () => type === "f16" ? undefined : type);
      const g = new Graph(device, "bench", "f16");
      g.output(linear(g, g.input("x", [1, count, 1280]), weights.matrix("layer", 1280, 1280, { bias: false })));
      weights.allocate();
      programs.push({ weights, program: await g.compile() });
    }
    const shortest = programs.map(() => Infinity);
    for (let round = 0; round < 9; round++) {
      for (const [i, { program }] of programs.entries()) {
        const started = performance.now();
        program.run();
        await device.finished();
        shortest[i] = Math.min(shortest[i], performance.now() - started);
      }
    }
    const [plain, ...others] = shortest;
    rows.push([`${count}`, plain.toFixed(1), ...others.map((time) => `${(time / plain).toFixed(2)}×`)]);
    for (const { weights, program } of programs) {
      program.destroy();
      weights.release();
    }
  }
  return rows;
}
