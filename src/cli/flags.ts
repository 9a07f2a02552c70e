/**
 * Every flag of the command line, as data. The parser and the help are both derived from these tables; a flag's name in
 * camelCase is its name in the library.
 *
 * @module
 */
import { REGION_MODES } from "../region/mode.ts";
import { samplerByName, schedulerByName } from "../sample/names.ts";
import { anyText, integer, named, number, oneOf, pair, type Reader, seed, text } from "./readers.ts";

/** What the tables say of one flag. */
export interface Flag {
  /** The commands that use it; anywhere else it is refused. */
  on: CommandName[];
  /** One letter that stands for the name. */
  short?: string;
  /** Reads what follows; a flag without it is a switch. */
  value?: Reader<unknown>;
  /** May be given several times. */
  repeat?: true;
  help: string;
}

/** The commands by name, with their arguments and what they do; a prompt without a command is `generate`. */
export const COMMANDS = {
  generate: { argument: "PROMPT", help: 'make a picture (the default; "-" reads the prompt from standard input)' },
  plan: { argument: "PROMPT", help: "plan only: JSON on standard output, the layout as a picture with -o" },
  recaption: { argument: "PROMPT", help: "describe each object of the prompt in more detail" },
  inspect: { argument: "MODEL", help: "what a model is, how that was found out, and what it needs" },
  metadata: { argument: "IMAGE", help: "what made this picture; --repro makes it again" },
  doctor: { argument: "", help: "what this machine has and lacks" },
} satisfies Record<string, { argument: string; help: string }>;

/** A command's name. */
export type CommandName = keyof typeof COMMANDS;

const draw: CommandName[] = ["generate"];
const make: CommandName[] = ["generate", "metadata"];
const plan: CommandName[] = ["generate", "plan"];
const ask: CommandName[] = ["generate", "plan", "recaption"];
const write: CommandName[] = ["generate", "metadata", "plan"];
const all = Object.keys(COMMANDS) as CommandName[];

const promptFlags = {
  prompt: { on: ask, short: "p", value: text("TEXT"), help: "the prompt, where it could be taken for a command" },
  "negative-prompt": { on: draw, short: "n", value: anyText, help: "what the picture must not show" },
} satisfies Record<string, Flag>;

const modelFlags = {
  model: {
    on: make,
    short: "m",
    value: text("PATH"),
    help: "a diffusers folder, .safetensors, .ckpt, owner/name or https address (default: ours)",
  },
  vae: { on: draw, value: text("PATH"), help: "take the VAE from here" },
  type: {
    on: draw,
    value: oneOf("auto", "f32", "f16"),
    help: "storage precision (default: what the device does well)",
  },
  preset: { on: draw, value: text("NAME"), help: "a family's defaults, such as sd15 or sdxl (default: auto)" },
  prediction: {
    on: draw,
    value: oneOf("auto", "eps", "v"),
    help: "what the UNet predicts, where its files do not say",
  },
  zsnr: { on: draw, help: "rescale the schedule to a zero terminal signal-to-noise ratio" },
  embeddings: { on: draw, value: text("PATH"), help: 'textual inversions for "embedding:name": a file or a folder' },
  "clip-skip": { on: draw, value: integer(1, 12), help: "use the text encoder's Nth layer from the end" },
} satisfies Record<string, Flag>;

const planFlags = {
  plan: { on: plan, value: text("FILE"), help: "use this plan (JSON)" },
  regions: { on: plan, value: text("TEXT"), help: '"a BREAK b"; also ADDBASE, ADDCOMM, ADDCOL, ADDROW, AND' },
  "split-ratio": { on: plan, value: text("RATIO"), help: 'column widths "1,2" or rows "height,widths…;…"' },
  "base-prompt": { on: plan, value: text("TEXT"), help: "a prompt for the whole picture, blended into every region" },
  "base-ratio": { on: plan, value: text("RATIO"), help: "its weight: 0 to 1, or one for each region (0.2,0.4;0.6)" },
  mode: {
    on: plan,
    value: oneOf(...REGION_MODES),
    help: "how regions are joined (default: the model's own)",
  },
  feather: {
    on: draw,
    value: number(0, 0.5),
    help: "latent, canvas mode: width of the ramp between regions, as a share of the picture",
  },
  "no-plan": { on: draw, help: "draw the prompt as it is, without regions" },
  planner: { on: plan, value: oneOf("auto", "rules", "openai"), help: "default auto: a language model if configured" },
  "llm-url": { on: ask, value: text("URL"), help: "a server with OpenAI's chat API (default: OPENAI_BASE_URL)" },
  "llm-model": { on: ask, value: text("NAME"), help: "the language model to ask for" },
  "prompt-file": { on: ask, value: text("FILE"), help: "your own instructions for the language model" },
  image: { on: ask, value: text("FILE"), repeat: true, help: "show the language model this picture" },
  confirm: { on: draw, help: "show the plan and ask before drawing" },
  "save-plan": { on: draw, value: text("FILE"), help: "write the plan here, to edit it and give it to --plan" },
} satisfies Record<string, Flag>;

const samplingFlags = {
  steps: { on: draw, value: integer(1, 1000), help: "denoising steps" },
  "cfg-scale": { on: draw, value: number(0, 100), help: "guidance: how strictly the prompt is followed; 1 is none" },
  "sampling-method": { on: draw, value: named(samplerByName), help: "the sampler, such as euler_a or dpm++2m" },
  scheduler: { on: draw, value: named(schedulerByName), help: "the noise schedule, such as karras or trailing" },
  eta: { on: draw, value: number(0, 1), help: "share of fresh noise in DDIM and ancestral samplers" },
  "guidance-rescale": { on: draw, value: number(0, 1), help: "take back the over-exposure of strong guidance" },
  seed: { on: draw, short: "s", value: seed, help: "start of the noise (default 42); -1 takes a new one" },
  rng: { on: draw, value: oneOf("cpu", "cuda"), help: "noise of torch's CPU (default) or CUDA generator" },
} satisfies Record<string, Flag>;

const sizeFlags = {
  width: { on: plan, short: "W", value: integer(16, 8192), help: "pixels across" },
  height: { on: plan, short: "H", value: integer(16, 8192), help: "pixels down" },
  "batch-count": { on: draw, short: "b", value: integer(1, 10000), help: "pictures to make, each with the next seed" },
  "original-size": { on: draw, value: pair, help: "SDXL: width and height the picture pretends to have had" },
  "target-size": { on: draw, value: pair, help: "SDXL: width and height the picture pretends to be made for" },
  crop: { on: draw, value: pair, help: "SDXL: left and top edge the picture pretends to have lost (default 0x0)" },
  words: { on: ["inspect"], help: "list the words that a small model was taught" },
  size: { on: ["inspect"], value: pair, help: "say how much memory a picture of this size needs" },
} satisfies Record<string, Flag>;

const deviceFlags = {
  "vae-tiling": {
    on: draw,
    value: oneOf("auto", "on", "off"),
    help: "decode in tiles (default: where one piece does not fit)",
  },
  "vae-tile-size": { on: draw, value: integer(64, 4096), help: "pixels along a tile's sides (default 512)" },
  "max-vram": {
    on: draw,
    value: number(0.1, 1024),
    help: "GiB to stay within: networks in turn, tiles, the UNet in parts, or a refusal",
  },
  "cache-packed": {
    on: make,
    help: "keep the weights packed in the user's cache folder: the next load only moves bytes",
  },
  "offload-to-cpu": { on: make, help: "load each network only while it is needed: less device memory, slower" },
  device: { on: [...make, "doctor"], value: integer(0, 99), help: "use this adapter of --list-devices" },
  "list-devices": { on: draw, help: "list the adapters and stop" },
} satisfies Record<string, Flag>;

const outputFlags = {
  output: { on: write, short: "o", value: text("FILE"), help: "%03d is the next free number (default out_%03d.png)" },
  force: { on: write, help: "replace files that are already there" },
  preview: { on: draw, value: oneOf("none", "proj", "vae"), help: "after each step write a quick or an exact preview" },
  json: { on: all, help: "one JSON object on standard output, everything else on standard error" },
  progress: { on: make, value: oneOf("bar", "json", "none"), help: "default: a bar on a terminal, else plain lines" },
  repro: { on: ["metadata"], help: "make the identical file again" },
  quiet: { on: all, short: "q", help: "say nothing but errors and the result" },
  verbose: { on: all, short: "v", help: "say more" },
  help: { on: all, short: "h", help: "this help; with a command, only what that command takes" },
  version: { on: draw, help: "the version" },
} satisfies Record<string, Flag>;

/** Flags by the headings of the help. */
export const GROUPS: Record<string, Record<string, Flag>> = {
  Prompt: promptFlags,
  Model: modelFlags,
  Plan: planFlags,
  Sampling: samplingFlags,
  Size: sizeFlags,
  Device: deviceFlags,
  Output: outputFlags,
};

/** All flags by name. */
export const FLAGS: Record<string, Flag> = Object.assign({}, ...Object.values(GROUPS));

type Table =
  & typeof promptFlags
  & typeof modelFlags
  & typeof planFlags
  & typeof samplingFlags
  & typeof sizeFlags
  & typeof deviceFlags
  & typeof outputFlags;
type Camel<Name> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;
type Value<F> = F extends { value: Reader<infer T> } ? (F extends { repeat: true } ? T[] : T) : boolean;

/** The values of the flags that were given. */
export type FlagValues = { [Name in keyof Table as Camel<Name>]?: Value<Table[Name]> };
