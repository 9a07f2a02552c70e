/**
 * Draws the pictures that diffusers drew (tests/oracle/pipelines.py, regions.py) and says how far ours are from them.
 *
 * @module
 */
import type { Device, Precision } from "../../src/gpu/device.ts";
import { paint } from "../../src/generate.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { writeControlNet } from "./control_net.ts";
import { adapterSpecs, writeAdapter } from "./adapter_files.ts";
import { widenUnet } from "./wide_unet.ts";

/** A case of a cases.json. */
export interface Case {
  /** Folder under `models`. */
  model: string;
  options: GenerateOptions;
  /** JSON files of the model that the case changes: a scheduler whole, others key by key. */
  files?: Record<string, Record<string, unknown>>;
  /** Nine input channels, as tests/oracle/from_pictures.py draws their weights. */
  inpaintUnet?: boolean;
  /** ControlNets that steer by the mean of their features. */
  pooled?: boolean;
  /** ControlNets without attention. */
  small?: boolean;
}

/** How far a picture is from another, in 8-bit levels over all colour values. */
export interface Difference {
  mean: number;
  /** Share of pixels of which some colour is more than two levels off. */
  beyondTwo: number;
  /** Peak signal-to-noise ratio in dB. */
  psnr: number;
}

/** Draws a case with the model in `models`. */
export async function drawCase(
  models: string,
  { model, options, files = {}, inpaintUnet, pooled, small }: Case,
  type: Precision,
  device: Device,
) {
  const folder = await overlay(`${models}/${model}`, files);
  try {
    // Pictures are named by their path in the folder of goldens.
    const { initImage, mask, controlNets } = options;
    const found = (path: unknown) => `${models}/../${path}`;
    await writeAdapters(`${models}/..`, `${folder}/loras`, options);
    // A model's own goes by its name, others are drawn from their seed.
    for (const { model } of (controlNets ?? []).filter(({ model }) => Number(model))) {
      await writeControlNet(`${folder}/${model}`, folder, Number(model), { global_pool_conditions: pooled }, small);
    }
    if (inpaintUnet) await widenUnet(folder);
    const start = {
      ...(controlNets
        ? {
          controlNets: controlNets.map((net) => ({ ...net, model: `${folder}/${net.model}`, image: found(net.image) })),
        }
        : {}),
      ...(initImage ? { initImage: found(initImage) } : {}),
      ...(mask ? { mask: found(mask) } : {}),
    };
    const loaded = await loadModel(folder, { type, device });
    try {
      const plan = options.plan && parsePlan(options.plan);
      return await paint(loaded, { ...options, ...start, plan });
    } finally {
      loaded.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The LoRAs that a case names, beside its model. */
async function writeAdapters(golden: string, folder: string, { lora, prompt, plan }: GenerateOptions): Promise<void> {
  const texts = JSON.stringify([lora, prompt, plan]);
  if (!lora && !texts.includes("lora")) return;
  await Deno.mkdir(folder);
  for (const [name, spec] of Object.entries(adapterSpecs(golden))) {
    if (new RegExp(`"${name}\\.safetensors|<lora:${name}:|"${name}":`).test(texts)) {
      await writeAdapter(`${folder}/${name}.safetensors`, spec);
    }
  }
}

/** Compares RGBA with a PNG file; alpha does not count. */
export async function compare(image: { width: number; height: number; data: Uint8Array }, path: string) {
  const expected = await readPicture(await Deno.readFile(path), path);
  if (expected.width !== image.width || expected.height !== image.height) {
    throw new Error(`${image.width}×${image.height} drawn, ${path} is ${expected.width}×${expected.height}`);
  }
  const pixels = image.width * image.height;
  let sum = 0, squares = 0, beyond = 0;
  for (let i = 0; i < pixels; i++) {
    let worst = 0;
    for (let c = 0; c < 3; c++) {
      const difference = Math.abs(image.data[i * 4 + c] - expected.data[i * 4 + c]);
      sum += difference;
      squares += difference ** 2;
      worst = Math.max(worst, difference);
    }
    if (worst > 2) beyond++;
  }
  const psnr = 10 * Math.log10(255 ** 2 * pixels * 3 / squares);
  return { mean: sum / pixels / 3, beyondTwo: beyond / pixels, psnr } satisfies Difference;
}

/** What is wrong with a difference, or nothing: issue limits for f32 and f16. */
export function verdict({ mean, beyondTwo, psnr }: Difference, type: Precision, most = 1): string | undefined {
  const figures = `mean ${mean.toFixed(3)}, ${(beyondTwo * 100).toFixed(2)} % beyond 2, ${psnr.toFixed(1)} dB`;
  const good = type === "f32" ? mean <= most && beyondTwo <= 0.005 : psnr >= 35;
  return good ? undefined : figures;
}

/** A copy of a model's folder, by links, with some JSON files changed. */
async function overlay(model: string, files: NonNullable<Case["files"]>): Promise<string> {
  const folder = await Deno.makeTempDir();
  const link = async (from: string, to: string) => {
    for await (const entry of Deno.readDir(from)) {
      if (entry.isFile && !entry.name.endsWith(".json")) {
        await Deno.symlink(`${from}/${entry.name}`, `${to}/${entry.name}`);
      } else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
      else {
        await Deno.mkdir(`${to}/${entry.name}`);
        await link(`${from}/${entry.name}`, `${to}/${entry.name}`);
      }
    }
  };
  await link(await Deno.realPath(model), folder);
  const change = async (path: string, changes: Record<string, unknown>, keep: boolean) => {
    const old = keep ? JSON.parse(await Deno.readTextFile(`${folder}/${path}`)) : {};
    await Deno.writeTextFile(`${folder}/${path}`, JSON.stringify({ ...old, ...changes }));
  };
  for (const [path, value] of Object.entries(files)) {
    const scheduler = path.startsWith("scheduler/");
    if (scheduler) await change("model_index.json", { scheduler: ["diffusers", value._class_name] }, true);
    await change(path, value, !scheduler);
  }
  return folder;
}
