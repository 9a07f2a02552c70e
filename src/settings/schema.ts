/**
 * Every setting of the program, once: flags, help, types, defaults, and the checks of the library and of recipes derive from
 * these tables. A setting's name here is its name in the library; the flag is the same with hyphens.
 *
 * @module
 */
import { REGION_MODES } from "../region/mode.ts";
import { type CommandName, COMMANDS } from "./commands.ts";
import { anyText, flag, integer, type Kind, named, number, oneOf, pair, rowsFirst, seed, text } from "./kinds.ts";
import { samplerByName, schedulerByName } from "../sample/names.ts";

/** What the tables say of one setting. */
export interface Setting {
  /** What it takes. */
  kind: Kind<unknown>;
  help: string;
  /** The commands that use it; anywhere else it is refused. */
  on: readonly CommandName[];
  /** One letter that stands for the flag. */
  short?: string;
  /** What other tools call the same thing. */
  also?: readonly string[];
  /** May be given several times; the value is a list. */
  repeat?: true;
  /** What a flag without a value says, where it also takes one. */
  alone?: string;
  /** Where nothing else says so: neither the model nor its preset. */
  default?: unknown;
  /** Every picture has it, so a recipe without it is damaged. */
  always?: true;
  /** Shown in the help for everything. */
  common?: true;
}

/** Settings by name. */
export type Table = Record<string, Setting>;

type ValueOf<S> = S extends { kind: Kind<infer T> } ? (S extends { repeat: true } ? T[] : T) : never;

/** The values that a table's settings take, all optional. */
export type Values<T extends Table> = { [Name in keyof T]?: ValueOf<T[Name]> };

/** The names of those settings that every picture has. */
export type Always<T extends Table> = { [Name in keyof T]: T[Name] extends { always: true } ? Name : never }[keyof T];

const draw = ["generate"] as const;
const make = ["generate", "metadata"] as const;
const plan = ["generate", "plan"] as const;
const ask = ["generate", "plan", "recaption"] as const;
const write = ["generate", "metadata", "plan"] as const;
const all = Object.keys(COMMANDS).filter((name) => name !== "help") as Exclude<CommandName, "help">[];

/** What is to be drawn. */
export const promptSettings = {
  prompt: { kind: text("TEXT"), on: ask, short: "p", help: "the prompt, where it could be taken for a command" },
} satisfies Table;

/** Which model, and how it is read. */
export const modelSettings = {
  model: {
    kind: text("PATH"),
    on: make,
    short: "m",
    common: true,
    also: ["ckpt", "checkpoint", "ckpt-path", "model-path", "diffusion-model", "pretrained-model-name-or-path"],
    help: "a diffusers folder, .safetensors, .ckpt, owner/name or https address (default: ours)",
  },
  vae: { kind: text("PATH"), on: make, also: ["vae-path"], help: "take the VAE from here" },
  type: {
    kind: oneOf("auto", "f32", "f16"),
    on: draw,
    also: ["dtype", "weight-type"],
    help: "storage precision (default: what the device does well)",
  },
  preset: { kind: text("NAME"), on: draw, help: "a family's defaults, such as sd15 or sdxl (default: auto)" },
  prediction: {
    kind: oneOf("auto", "eps", "v"),
    on: draw,
    also: ["prediction-type"],
    help: "what the UNet predicts, where its files do not say",
  },
  zsnr: { kind: flag, on: draw, help: "rescale the schedule to a zero terminal signal-to-noise ratio" },
  embeddings: {
    kind: text("PATH"),
    on: make,
    also: ["embd-dir", "embedding-dir", "embeddings-dir", "textual-inversion"],
    help: 'textual inversions for "embedding:name": a file or a folder',
  },
} satisfies Table;

/** What is drawn where, and who decides it. */
export const planSettings = {
  plan: { kind: text("FILE"), on: plan, common: true, help: "use this plan (JSON)" },
  regions: {
    kind: text("TEXT"),
    on: plan,
    common: true,
    help: '"a BREAK b"; also ADDBASE, ADDCOMM, ADDCOL, ADDROW, AND',
  },
  splitRatio: { kind: text("RATIO"), on: plan, help: 'column widths "1,2" or rows "height,widths…;…"' },
  basePrompt: { kind: text("TEXT"), on: plan, help: "a prompt for the whole picture, blended into every region" },
  baseRatio: {
    kind: text("RATIO"),
    on: plan,
    help: "its weight: 0 to 1, or one for each region (0.2,0.4;0.6)",
  },
  mode: { kind: oneOf(...REGION_MODES), on: plan, help: "how regions are joined (default: the model's own)" },
  noPlan: { kind: flag, on: draw, common: true, help: "draw the prompt as it is, without regions" },
  planner: {
    kind: oneOf("auto", "rules", "openai"),
    on: plan,
    common: true,
    default: "auto",
    help: "who plans; auto: a language model if one is configured, else rules",
  },
  llmUrl: {
    kind: text("URL"),
    on: ask,
    also: ["base-url", "api-base", "openai-base-url"],
    help: "a server with OpenAI's chat API (default: OPENAI_BASE_URL)",
  },
  llmModel: { kind: text("NAME"), on: ask, help: "the language model to ask for" },
  promptFile: { kind: text("FILE"), on: ask, help: "your own instructions for the language model" },
  image: { kind: text("FILE"), on: ask, repeat: true, help: "show the language model this picture" },
  confirm: { kind: flag, on: draw, help: "show the plan and ask before drawing" },
  savePlan: { kind: text("FILE"), on: draw, help: "write the plan here, to edit it and give it to --plan" },
} satisfies Table;

/** How noise becomes a picture. */
export const samplingSettings = {
  negativePrompt: {
    kind: anyText,
    on: draw,
    short: "n",
    common: true,
    also: ["negative", "neg", "neg-prompt"],
    help: "what the picture must not show",
  },
  steps: {
    kind: integer(1, 1000),
    on: draw,
    always: true,
    common: true,
    also: ["num-inference-steps", "inference-steps", "num-steps", "sample-steps", "sampling-steps", "ddim-steps"],
    help: "denoising steps",
  },
  cfgScale: {
    kind: number(0, 100),
    on: draw,
    always: true,
    common: true,
    also: ["cfg", "guidance-scale", "guidance", "scale"],
    help: "guidance: how strictly the prompt is followed; 1 is none",
  },
  samplingMethod: {
    kind: named("a sampler's name, such as euler_a", samplerByName),
    on: draw,
    always: true,
    common: true,
    also: ["sampler", "sampler-name", "sample-method"],
    help: "the sampler, such as euler_a or dpm++2m",
  },
  scheduler: {
    kind: named("a schedule's name, such as karras", schedulerByName),
    on: draw,
    also: ["schedule", "schedule-type", "noise-schedule"],
    help: "the noise schedule, such as karras or trailing",
  },
  eta: { kind: number(0, 1), on: draw, also: ["ddim-eta"], help: "share of fresh noise in DDIM, 0 to 1" },
  guidanceRescale: {
    kind: number(0, 1),
    on: draw,
    also: ["cfg-rescale", "rescale-cfg"],
    help: "reduce over-exposure from strong guidance",
  },
  clipSkip: { kind: integer(1, 12), on: draw, help: "use the text encoder's Nth layer from the end" },
  seed: {
    kind: seed,
    on: draw,
    short: "s",
    always: true,
    common: true,
    default: 42, // as in stable-diffusion.cpp
    help: "start of the noise; -1 takes a new one",
  },
  rng: {
    kind: oneOf("cpu", "cuda"),
    on: draw,
    always: true,
    default: "cpu" as const,
    help: "noise of torch's CPU or CUDA generator",
  },
  feather: {
    kind: number(0, 0.5),
    on: draw,
    help: "latent, canvas mode: width of the ramp between regions, as a share of the picture",
  },
} satisfies Table;

/** How large the picture is. Pairs are [height, width] or [top, left] in the library, as in diffusers. */
export const sizeSettings = {
  width: {
    kind: integer(16, 8192),
    on: plan,
    short: "W",
    always: true,
    common: true,
    also: ["w"],
    help: "pixels across",
  },
  height: {
    kind: integer(16, 8192),
    on: plan,
    short: "H",
    always: true,
    common: true,
    also: ["h"],
    help: "pixels down",
  },
  originalSize: { kind: rowsFirst, on: draw, help: "SDXL: original size to condition on (default: the picture's)" },
  targetSize: { kind: rowsFirst, on: draw, help: "SDXL: target size to condition on (default: the picture's)" },
  crop: {
    kind: rowsFirst,
    on: draw,
    also: ["crops-coords-top-left"],
    help: "SDXL: left and top crop to condition on (default 0x0)",
  },
} satisfies Table;

/** How latents become pixels. */
export const decodingSettings = {
  vaeTiling: {
    kind: oneOf("auto", "on", "off"),
    on: draw,
    alone: "on",
    help: "decode in tiles (default: where one piece does not fit)",
  },
  vaeTileSize: { kind: integer(64, 4096), on: draw, help: "pixels along a tile's sides (default 512)" },
} satisfies Table;

/** Where it computes, and with how much memory. */
export const deviceSettings = {
  maxVram: {
    kind: number(0.1, 1024),
    on: draw,
    help: "GiB of GPU memory to stay within, whatever time that takes; fails if nothing fits",
  },
  cachePacked: {
    kind: flag,
    on: make,
    help: "keep the weights packed in the user's cache folder: the next load only moves bytes",
  },
  offloadToCpu: {
    kind: flag,
    on: make,
    also: ["lowvram", "medvram", "enable-model-cpu-offload", "enable-sequential-cpu-offload"],
    help: "load each network only while it is needed: less device memory, slower",
  },
  device: {
    kind: integer(0, 99),
    on: ["generate", "metadata", "doctor"],
    also: ["gpu", "gpu-id", "device-id"],
    help: "use this adapter of --list-devices",
  },
  listDevices: { kind: flag, on: draw, help: "list the adapters and stop" },
} satisfies Table;

/** What is written and said. */
export const outputSettings = {
  output: {
    kind: text("FILE"),
    on: write,
    short: "o",
    common: true,
    also: ["out", "output-path", "out-file"],
    help: ".png, .jpg, .webp, or a folder; %03d is the next free number (default out_%03d.png)",
  },
  batchCount: {
    kind: integer(1, 10000),
    on: draw,
    short: "b",
    common: true,
    also: ["batch", "batch-size", "n-iter", "num-images", "num-images-per-prompt"],
    default: 1,
    help: "pictures to make, each with the next seed",
  },
  force: { kind: flag, on: write, also: ["overwrite"], help: "replace files that are already there" },
  noMetadata: { kind: flag, on: make, help: "write nothing into the picture of how it was made" },
  preview: {
    kind: oneOf("none", "proj", "vae"),
    on: draw,
    help: "after each step write a quick or an exact preview",
  },
  json: { kind: flag, on: all, help: "one JSON object on standard output, everything else on standard error" },
  progress: {
    kind: oneOf("bar", "json", "none"),
    on: make,
    help: "default: a bar on a terminal, else plain lines",
  },
  quiet: { kind: flag, on: all, short: "q", help: "say nothing but errors and the result" },
  verbose: { kind: flag, on: all, short: "v", help: "say more" },
  help: { kind: flag, on: all, short: "h", common: true, help: "this help; with a command, what that command takes" },
  version: { kind: flag, on: draw, common: true, help: "the version" },
} satisfies Table;

/** What only one command takes. */
export const ownSettings = {
  repro: { kind: flag, on: ["metadata"], help: "make the identical file again, and say where it is not" },
  fullHash: {
    kind: flag,
    on: make,
    help: "hash all bytes of the model for the picture's metadata, not samples of each file",
  },
  words: { kind: flag, on: ["inspect"], help: "list the words that a small model was taught" },
  size: { kind: pair, on: ["inspect"], help: "say how much memory a picture of this size needs" },
} satisfies Table;

/** All that decides a picture beside its model and its plan: the options of `generate`, the settings of a recipe. */
export const pictureSettings = { ...samplingSettings, ...sizeSettings, ...decodingSettings } satisfies Table;

/** The settings by the headings of the help. */
export const GROUPS = {
  Prompt: promptSettings,
  Plan: planSettings,
  Sampling: samplingSettings,
  Size: sizeSettings,
  Model: modelSettings,
  Decoding: decodingSettings,
  Device: deviceSettings,
  Output: outputSettings,
  More: ownSettings,
} satisfies Record<string, Table>;

/** All settings by name. */
export const SETTINGS: Table = Object.assign({}, ...Object.values(GROUPS));
