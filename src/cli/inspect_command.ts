/**
 * `inspect`: what a model is, and how that was found out. Reads names, shapes and configs, no weights.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { UsageError } from "../errors.ts";
import { BLOCKS } from "../formats/ggml_blocks.ts";
import type { TensorInfo } from "../formats/tensor_source.ts";
import { mib, openDevice } from "../gpu/device.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import type { Checkpoint, Component } from "../model/parts.ts";
import { modelByName, modelFolder } from "../model/short_name.ts";
import { readKnownWords } from "../model/known_words.ts";
import { filled } from "../picture/picture.ts";
import { memoryNeed } from "../pipeline/memory.ts";
import { Model } from "../pipeline/model.ts";
import { prepare } from "../pipeline/prepare.ts";
import type { Offload } from "../pipeline/stage.ts";
import { DEFAULT_BIND, DEFAULT_REFINE_RATIO, type RegionDefaults } from "../region/mode.ts";
import { publicText } from "../secrets.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";

/** Prints family, preset, networks and reasons. */
export async function inspectCommand({ argument, flags, console }: Context): Promise<void> {
  const model = argument === undefined ? BUNDLED_MODEL : await modelByName(argument, await modelFolder(flags.modelDir));
  if (flags.words) return console.result(await listWords(model, flags.json));
  const checkpoint = await openCheckpoint(model);
  const { name, family, preset, scheduler } = checkpoint;
  const [path, ...reason] = [checkpoint.path, ...checkpoint.reason].map(publicText);
  const networks = Object.fromEntries([
    ...checkpoint.textEncoders.map((
      encoder,
      i,
    ) => [i === 0 ? "text encoder" : `text encoder ${i + 1}`, measure(encoder)]),
    ["unet", measure(checkpoint.unet)],
    ["vae", measure(checkpoint.vae)],
  ]) as Record<string, Measures>;
  const memory = flags.size && await memoryFor(checkpoint, flags.size);
  checkpoint.close();
  if (flags.json) return console.result(json({ name, path, family, reason, preset, scheduler, networks, memory }));
  const rows: [string, string][] = [
    ["model", path],
    ["family", family],
    ["preset", `${preset.name}: ${preset.title}`],
    ["predicts", preset.prediction],
    ["defaults", `${preset.width}×${preset.height}, ${preset.steps} steps, guidance ${preset.cfgScale}`],
    ...(preset.regions ? [["regions", regionsRow(preset.regions)] as [string, string]] : []),
    ["scheduler", String(scheduler._class_name ?? "not named")],
    ...Object.entries(networks).map(([part, { parameters, bytes, dtypes }]): [string, string] => [
      part,
      `${(parameters / 1e6).toFixed(1)} million parameters, ${mib(bytes)} as ${dtypes.join(" and ")}`,
    ]),
    ...(memory ? memoryRows(memory, flags.size!) : []),
  ];
  const because = reason.map((sentence) => `  ${sentence}`).join("\n");
  console.result(`${rows.map(([key, value]) => key.padEnd(20) + value).join("\n")}\nWhy:\n${because}`);
}

/** Records the networks for this size on the device at hand, without loading any weights. */
async function memoryFor(checkpoint: Checkpoint, [width, height]: [number, number]) {
  using device = await openDevice();
  const model = new Model(device, checkpoint, "f16", { keep: "file", lazy: true }); // as it is drawn with
  const white = filled(width, height, [255, 255, 255, 255]);
  // A UNet that reads more than latents is one for inpainting, which draws nothing without a picture and a mask.
  const isInpainting = model.backbone.network.inChannels !== model.decoder.network.latentChannels;
  const start = isInpainting ? { initImage: white, mask: white } : {};
  const drawing = await prepare(model, { prompt: "a picture", width, height, ...start });
  const peak = (offload: Offload) => memoryNeed(model, drawing, offload).peak;
  return { ...memoryNeed(model, drawing), offloadedPeak: peak(true), streamedPeak: peak("stream") };
}

function memoryRows(
  { weights, stages, tiled, peak, offloadedPeak, streamedPeak }: Awaited<ReturnType<typeof memoryFor>>,
  [width, height]: [number, number],
): [string, string][] {
  const all = Object.values(weights).reduce((sum, bytes) => sum + bytes, 0);
  return [
    ["size", `${width}×${height}`],
    ["  weights", `${mib(all)}, in f16 or as the file quantises them`],
    ...stages.map(({ name, activations }): [string, string] => [
      `  ${name}`,
      `${mib(activations)} of activations${tiled && name === "decoding" ? ", in tiles" : ""}`,
    ]),
    ["  peak", mib(peak)],
    ["  networks in turn", `${mib(offloadedPeak)} at the peak (--offload-to-cpu)`],
    ["  UNet in parts", `${mib(streamedPeak)} at the peak (--max-vram below the one before)`],
  ];
}

function regionsRow({ mode = "attention", baseRatio = 0, leastSide = 0, ...bound }: RegionDefaults): string {
  const { bind = DEFAULT_BIND, refineRatio = DEFAULT_REFINE_RATIO } = bound;
  const how = mode === "bind" ? `${bind} of the steps bind, then base ratio ${refineRatio}` : `base ratio ${baseRatio}`;
  return `${mode} mode: ${how}; at least ${leastSide} pixels wide and high`;
}

async function listWords(model: string, asJson?: boolean): Promise<string> {
  const words = await readKnownWords(model);
  if (!words) throw new UsageError(`${model} does not list its words; large models know most of them.`);
  if (asJson) return json(words);
  const { concepts, colours, backgrounds, places, clothes = {}, styles = {} } = words;
  const named = (table: Record<string, string[]>) =>
    Object.entries(table).map(([name, others]) => others.length ? `${name} (${others.join(", ")})` : name);
  const garments = Object.entries(clothes).map(([name, garment]) => `${name} (${garment})`);
  const asked = Object.values(styles).flat().map((words) => `"${words.replace("{}", "…")}"`);
  const lines = {
    concepts: named(concepts),
    colours,
    backgrounds,
    places,
    ...(garments.length ? { clothes: garments } : {}),
    ...(asked.length ? { styles: asked } : {}),
  };
  return Object.entries(lines).map(([kind, list]) => `${kind}: ${list.join(", ")}`).join("\n");
}

interface Measures {
  parameters: number;
  bytes: number;
  /** In the file. */
  dtypes: string[];
}

/** Bytes in the file. */
function storedBytes({ bytes, blocks }: TensorInfo): number {
  return blocks ? bytes / 4 / BLOCKS[blocks].numbers * BLOCKS[blocks].bytes : bytes;
}

function measure({ source }: Component): Measures {
  const tensors = [...source.tensors.values()];
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    parameters: tensors.reduce((sum, { shape }) => sum + size(shape), 0),
    bytes: tensors.reduce((sum, info) => sum + storedBytes(info), 0),
    dtypes: [...new Set(tensors.map(({ dtype, blocks }) => blocks ?? dtype))].sort(),
  };
}
