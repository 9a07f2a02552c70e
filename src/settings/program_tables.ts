/**
 * The settings that decide what is asked of whom, where it runs and what is written, each in one place.
 *
 * @module
 */
import type { Table } from "./setting.ts";

/** What is to be drawn. */
export const promptSettings = {
  prompt: {
    once: true,
    type: "text",
    shown: "TEXT",
    on: ["generate", "plan", "recaption", "edit"],
    short: "p",
    help: "the prompt, where it could be taken for a command",
  },
  wildcards: {
    run: true,
    type: "path",
    shown: "DIR",
    on: ["generate", "plan"],
    also: ["wildcard-dir", "wildcards-dir"],
    help: "folder of text files; __animals__ in a prompt is a line of animals.txt, chosen by the seed",
  },
} as const satisfies Table;

/** Many pictures in one run. */
export const seriesSettings = {
  prompts: {
    common: true,
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate"],
    also: ["prompts-from-file", "from-file", "prompt-list"],
    run: true,
    help: "draw a list: text with a prompt a line, .csv or .jsonl with flags; what is done is not drawn again",
  },
  manifest: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate"],
    run: true,
    help: "what has become of the list (JSON lines; default: beside the pictures, named like the list)",
  },
  grid: {
    common: true,
    once: true,
    type: "text",
    shown: "FLAG=VALUES",
    on: ["generate"],
    repeat: true,
    more: true,
    run: true,
    help: 'draw all combinations on one sheet: "seed=1..4" "cfg-scale=3,5,7" are its columns and rows',
  },
  contactSheet: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate"],
    run: true,
    help: "all pictures of the run on one sheet, with their names",
  },
} as const satisfies Table;

/** What is drawn where. */
export const planSettings = {
  plan: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate", "plan"],
    common: true,
    help: "use this plan (JSON); - is standard input",
  },
  regions: {
    once: true,
    type: "text",
    shown: "TEXT",
    on: ["generate", "plan"],
    common: true,
    help: '"a BREAK b"; also ADDBASE, ADDCOMM, ADDCOL, ADDROW, AND',
  },
  splitRatio: {
    with: ["regions"],
    type: "text",
    shown: "RATIO",
    on: ["generate", "plan"],
    help: 'column widths "1,2" or rows "height,widths…;…"',
  },
  basePrompt: {
    with: ["regions"],
    type: "text",
    shown: "TEXT",
    on: ["generate", "plan"],
    help: "a prompt for the whole picture, blended into every region",
  },
  baseRatio: {
    with: ["regions"],
    type: "text",
    shown: "RATIO",
    on: ["generate", "plan"],
    help: "its weight: 0 to 1, or one for each region (0.2,0.4;0.6)",
  },
  columnsFirst: {
    with: ["regions"],
    type: "flag",
    on: ["generate", "plan"],
    help: "with --regions: ADDCOL and , part the picture, ADDROW and ; its columns",
  },
  flipRatio: {
    with: ["regions"],
    type: "flag",
    on: ["generate", "plan"],
    help: "with --regions: swap , and ; in the ratio",
  },
  flipPrompts: {
    with: ["regions"],
    type: "flag",
    on: ["generate", "plan"],
    help: "with --regions: the last prompt for the first region",
  },
  mode: {
    type: "mode",
    on: ["generate", "plan"],
    help: "how regions are joined: bind is canvas first, then attention (default: the model's own)",
  },
  noPlan: { type: "flag", on: ["generate"], common: true, help: "draw the prompt as it is, without regions" },
  confirm: { once: true, run: true, type: "flag", on: ["generate"], help: "show the plan and ask before drawing" },
  savePlan: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate"],
    help: "write the plan here, to edit it and give it to --plan",
  },
} as const satisfies Table;

/** Who plans, and how it is asked. */
export const plannerSettings = {
  planner: {
    oneOf: ["auto", "rules", "openai"],
    on: ["generate", "plan"],
    common: true,
    default: "auto",
    help: "who plans; auto: a language model if one is configured, else rules",
  },
  llmUrl: {
    personal: true,
    type: "text",
    shown: "URL",
    on: ["generate", "plan", "recaption", "edit"],
    also: ["base-url", "api-base", "openai-base-url"],
    help: "a server with OpenAI's chat API (default: OPENAI_BASE_URL)",
  },
  llmModel: {
    personal: true,
    type: "text",
    shown: "NAME",
    on: ["generate", "plan", "recaption", "edit"],
    help: "the language model to ask for",
  },
  llmTimeout: {
    type: "number",
    least: 0.1,
    most: 86_400,
    shown: "SECONDS",
    on: ["generate", "plan", "recaption", "edit"],
    help: "how long one answer of the language model may take (default 300)",
  },
  llmMaxTokens: {
    type: "integer",
    least: 16,
    most: 1_000_000,
    on: ["generate", "plan", "recaption", "edit"],
    help: "the most tokens of one answer (default 2048)",
  },
  promptFile: {
    type: "path",
    shown: "FILE",
    on: ["generate", "plan", "recaption"],
    help: "your own instructions for the language model",
  },
  image: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate", "plan", "recaption"],
    repeat: true,
    help: "show the language model this picture",
  },
} as const satisfies Table;

/** Changes by words. */
export const editSettings = {
  replace: {
    once: true,
    type: "text",
    shown: "A=B",
    on: ["edit"],
    repeat: true,
    help: '"a blue teapot=a red car": paint one thing in the place of another',
  },
  recolor: {
    once: true,
    type: "text",
    shown: "A=COLOUR",
    on: ["edit"],
    repeat: true,
    also: ["recolour"],
    help: '"the apple=green": the same thing in another colour',
  },
  remove: {
    once: true,
    type: "text",
    shown: "A",
    on: ["edit"],
    repeat: true,
    help: '"the pear": leave the background there',
  },
  add: {
    once: true,
    type: "text",
    shown: "A",
    on: ["edit"],
    repeat: true,
    help: '"a cat at the bottom left": paint one more thing',
  },
  box: {
    once: true,
    type: "box",
    on: ["edit"],
    help:
      "place of the one operation: left, top, width, height in pixels (64,0,64,128); as shares if none is above 1 (0.5,0,0.5,1)",
  },
  contour: {
    once: true,
    oneOf: ["auto", "attention", "box"],
    on: ["edit"],
    help: "shape of what is painted: by the model's attention, or a box; auto: a box to replace, a contour otherwise",
  },
  edit: { once: true, type: "path", shown: "FILE", on: ["edit"], help: "the operations of this file (JSON)" },
  saveEdit: {
    once: true,
    type: "path",
    shown: "FILE",
    on: ["edit"],
    help: "write the operations and what came of them here",
  },
  dryRun: { once: true, type: "flag", on: ["edit"], help: "stop after the plan, and draw it over the picture" },
  showMask: { once: true, type: "path", shown: "FILE", on: ["edit"], help: "write where it paints, in white" },
} as const satisfies Table;

/** Looking at what was painted. */
export const loopSettings = {
  judge: {
    with: ["rounds", "bestOf"],
    run: true,
    oneOf: ["auto", "llm", "mini", "none"],
    on: ["generate", "edit"],
    help:
      "who looks: a vision model (llm) or the bundled model's detector; auto: this for the bundled model, else that",
  },
  rounds: {
    type: "integer",
    least: 1,
    most: 100,
    on: ["generate", "edit"],
    help: "how often what is not as asked is painted anew",
    helpOn: { edit: "how often what is not as asked is painted anew (default 3)" },
  },
  bestOf: {
    type: "integer",
    least: 1,
    most: 1000,
    on: ["generate"],
    help: "draw up to so many, each with the next seed, until one is as asked; keep the best",
  },
} as const satisfies Table;

/** Where it computes, and with how much memory. */
export const deviceSettings = {
  maxVram: {
    run: true,
    type: "number",
    least: 0.1,
    most: 1024,
    on: ["generate", "edit"],
    help: "GiB of GPU memory to stay within, whatever time that takes; fails if nothing fits",
  },
  cachePacked: {
    run: true,
    type: "flag",
    on: ["generate", "metadata", "edit"],
    help: "keep the weights packed in the user's cache folder: the next load only moves bytes",
  },
  noTune: {
    run: true,
    type: "flag",
    on: ["generate", "metadata", "edit"],
    help: "do not try the kernels at a GPU's first uses (3 seconds at most): take the usual ones",
  },
  offloadToCpu: {
    run: true,
    type: "flag",
    on: ["generate", "metadata", "edit"],
    also: ["lowvram", "medvram", "enable-model-cpu-offload", "enable-sequential-cpu-offload"],
    help: "load each network only while it is needed: less device memory, slower",
  },
  device: {
    run: true,
    type: "integer",
    least: 0,
    most: 99,
    on: ["generate", "metadata", "doctor", "upscale", "edit"],
    also: ["gpu", "gpu-id", "device-id"],
    help: "use this adapter of those that main.ts --list-devices lists",
  },
  listDevices: { once: true, run: true, type: "flag", on: ["generate"], help: "list the adapters and stop" },
} as const satisfies Table;

/** What the help says of the names of pictures. */
const NUMBERED = ".png, .jpg, .webp, or a folder; %03d is the next free number";

/** What is written and said. */
export const outputSettings = {
  output: {
    type: "path",
    shown: "FILE",
    on: ["generate", "metadata", "plan", "preprocess", "upscale", "convert", "edit"],
    short: "o",
    common: true,
    also: ["out", "output-path", "out-file"],
    help: `${NUMBERED} (default out_%03d.png)`,
    helpOn: {
      plan: `draw the layout: ${NUMBERED}`,
      edit: `${NUMBERED} (default edit_%03d.png)`,
      upscale: `${NUMBERED} (default upscaled_%03d.png)`,
      preprocess: `${NUMBERED} (default KIND_%03d.png)`,
      metadata: "with --repro: a name of the picture's own format, or a folder (default out_%03d and its extension)",
      convert: "where to write: .gguf or .safetensors",
    },
  },
  batchCount: {
    run: true,
    type: "integer",
    least: 1,
    most: 10000,
    on: ["generate"],
    short: "b",
    common: true,
    also: ["batch", "batch-size", "n-iter", "num-images", "num-images-per-prompt"],
    default: 1,
    help: "pictures to make, each with the next seed",
  },
  force: {
    personal: true,
    run: true,
    type: "flag",
    on: ["generate", "metadata", "plan", "preprocess", "upscale", "convert", "edit"],
    also: ["overwrite"],
    help: "replace files that are already there",
  },
  report: {
    once: true,
    run: true,
    type: "path",
    shown: "FILE",
    on: ["generate", "edit"],
    help: "write what was asked, planned, painted and seen as one HTML page",
  },
  noMetadata: {
    type: "flag",
    on: ["generate", "metadata", "upscale", "edit"],
    help: "write nothing into the picture of how it was made",
  },
  preview: {
    run: true,
    oneOf: ["none", "proj", "tae", "vae", "term"],
    on: ["generate"],
    help: "after each step a preview: a file of one colour a latent, by --taesd, or exact; or on the terminal",
  },
  timings: {
    run: true,
    type: "flag",
    on: ["generate", "metadata"],
    help: "say where the time went: load, encode, compile, steps, decode, write (--json always has it)",
  },
  trace: {
    run: true,
    once: true,
    type: "path",
    shown: "FILE",
    on: ["generate", "metadata", "edit"],
    help: "write what the program and each op on the device took, for Perfetto or chrome://tracing (JSON)",
  },
  jsonLines: {
    run: true,
    type: "flag",
    on: ["generate", "metadata", "upscale", "edit"],
    also: ["jsonl", "events"],
    help: "what happens as one JSON object a line on standard output: start, stage, step, preview, saved, error, done",
  },
  json: {
    run: true,
    type: "flag",
    on: "all",
    help: "one JSON object on standard output, everything else on standard error",
  },
  progress: {
    run: true,
    oneOf: ["bar", "json", "none"],
    on: ["generate", "metadata", "upscale", "edit"],
    help: "default: a bar on a terminal, else plain lines",
  },
  noConfig: { once: true, run: true, type: "flag", on: "all", help: "leave config files aside" },
  quiet: { run: true, type: "flag", on: "all", short: "q", help: "say nothing but errors and the result" },
  verbose: { run: true, type: "flag", on: "all", short: "v", help: "say more" },
  help: {
    once: true,
    run: true,
    type: "flag",
    on: "all",
    short: "h",
    common: true,
    help: "this help; with a command, what that command takes",
  },
  version: { once: true, run: true, type: "flag", on: ["generate"], help: "the version" },
} as const satisfies Table;

/** What only one command takes. */
export const ownSettings = {
  repro: { once: true, type: "flag", on: ["metadata"], help: "make the identical file again, and say where it is not" },
  fullHash: {
    type: "flag",
    on: ["generate", "edit"],
    help: "hash all bytes of the model for the picture's metadata, not samples of each file",
  },
  low: {
    type: "number",
    least: 0,
    most: 2040,
    on: ["preprocess"],
    help: "canny: a line goes on above this difference (default 100)",
  },
  high: {
    type: "number",
    least: 0,
    most: 2040,
    on: ["preprocess"],
    help: "canny: a line begins above this difference (default 200)",
  },
  invert: { type: "flag", on: ["preprocess"], help: "exchange black and white: for depths in which far is white" },
  words: { once: true, type: "flag", on: ["inspect"], help: "list the words that a small model was taught" },
  size: {
    once: true,
    type: "pair",
    least: 8,
    most: 8192,
    on: ["inspect"],
    help: "say how much memory a picture of this size needs",
  },
} as const satisfies Table;
