/**
 * The settings that decide a picture beside its model and its plan, each in one place.
 *
 * @module
 */
import type { Table } from "./setting.ts";

/** How noise becomes a picture. */
export const samplingSettings = {
  negativePrompt: {
    type: "anyText",
    on: ["generate", "edit"],
    short: "n",
    common: true,
    also: ["negative", "neg", "neg-prompt"],
    help: "what the picture must not show",
  },
  steps: {
    type: "integer",
    least: 1,
    most: 1000,
    on: ["generate", "edit"],
    always: true,
    common: true,
    also: ["num-inference-steps", "inference-steps", "num-steps", "sample-steps", "sampling-steps", "ddim-steps"],
    help: "denoising steps",
  },
  cfgScale: {
    type: "number",
    least: 0,
    most: 100,
    on: ["generate", "edit"],
    always: true,
    common: true,
    also: ["cfg", "guidance-scale", "guidance", "scale"],
    help: "guidance: how strictly the prompt is followed; 1 is none",
  },
  samplingMethod: {
    type: "sampler",
    on: ["generate", "edit"],
    always: true,
    common: true,
    also: ["sampler", "sampler-name", "sample-method"],
    help: "the sampler, such as euler_a or dpm++2m",
  },
  scheduler: {
    type: "scheduler",
    on: ["generate", "edit"],
    also: ["schedule", "schedule-type", "noise-schedule"],
    help: "the noise schedule, such as karras or trailing",
  },
  eta: {
    type: "number",
    least: 0,
    most: 1,
    on: ["generate", "edit"],
    also: ["ddim-eta"],
    help: "share of fresh noise in ddim (default 0), ancestral and SDE samplers (default 1)",
  },
  guidanceRescale: {
    type: "number",
    least: 0,
    most: 1,
    on: ["generate", "edit"],
    also: ["cfg-rescale", "rescale-cfg"],
    help: "reduce over-exposure from strong guidance",
  },
  clipSkip: {
    type: "integer",
    least: 1,
    most: 12,
    on: ["generate", "edit"],
    help: "use the text encoder's Nth layer from the end",
  },
  chunkAtComma: {
    oneOf: ["on", "off"],
    on: ["generate", "edit"],
    alone: "on",
    help: "long prompts: begin a new chunk behind a comma if one is near (default), or at 75 tokens",
  },
  seed: {
    type: "seed",
    on: ["generate", "edit"],
    short: "s",
    always: true,
    common: true,
    default: 42, // as in stable-diffusion.cpp
    help: "start of the noise; -1 takes a new one",
  },
  rng: {
    oneOf: ["cpu", "cuda"],
    on: ["generate", "edit"],
    always: true,
    default: "cpu",
    help: "noise of torch's CPU or CUDA generator",
  },
  bind: {
    type: "number",
    least: 0,
    most: 1,
    on: ["generate"],
    help: "bind mode: share of the steps in which each region is a picture of its own (default: the model's, else 0.4)",
  },
  refineRatio: {
    type: "number",
    least: 0,
    most: 1,
    on: ["generate"],
    help: "bind mode: weight of the base prompt in the steps after them (default: the plan's base ratio, else 0.5)",
  },
  feather: {
    type: "number",
    least: 0,
    most: 0.5,
    on: ["generate"],
    help: "latent, canvas, bind mode: width of the ramp between regions, as a share of the picture",
  },
} as const satisfies Table;

/** How large the picture is. Pairs are [height, width] or [top, left] in the library, as in diffusers. */
export const sizeSettings = {
  width: {
    type: "integer",
    least: 8,
    most: 8192,
    on: ["generate", "plan", "preprocess"],
    short: "W",
    always: true,
    common: true,
    also: ["w"],
    help: "pixels across",
  },
  height: {
    type: "integer",
    least: 8,
    most: 8192,
    on: ["generate", "plan", "preprocess"],
    short: "H",
    always: true,
    common: true,
    also: ["h"],
    help: "pixels down",
  },
  originalSize: {
    type: "rowsFirst",
    on: ["generate"],
    help: "SDXL: original size to condition on (default: the picture's)",
  },
  targetSize: {
    type: "rowsFirst",
    on: ["generate"],
    help: "SDXL: target size to condition on (default: the picture's)",
  },
  crop: {
    type: "rowsFirst",
    on: ["generate"],
    also: ["crops-coords-top-left"],
    help: "SDXL: left and top crop to condition on (default 0x0)",
  },
} as const satisfies Table;

/** What picture the drawing starts from, and what of it is painted anew. */
export const startSettings = {
  initImage: {
    once: true,
    type: "picture",
    on: ["generate", "metadata"],
    short: "i",
    common: true,
    also: ["init-img", "input-image", "img2img", "i2i"],
    help: "start from this picture (PNG, JPEG, WebP)",
    helpOn: { metadata: "where the picture that it began with is" },
  },
  strength: {
    with: ["initImage"],
    type: "number",
    least: 0.01,
    most: 1,
    on: ["generate", "edit"],
    also: ["denoising-strength", "denoise"],
    help: "how much of it changes: 1 all, 0.3 little (default 0.8; with a mask 1)",
  },
  resize: {
    with: ["initImage"],
    oneOf: ["stretch", "crop", "pad"],
    on: ["generate"],
    also: ["resize-mode"],
    help: "how it comes to another shape: distorted, cut, or with borders (default stretch)",
  },
  mask: {
    once: true,
    type: "picture",
    on: ["generate", "metadata", "edit"],
    also: ["mask-image", "mask-img"],
    help: "paint anew only where this picture is white",
    helpOn: { metadata: "where its mask is" },
  },
  maskBlur: {
    with: ["mask", "extend"],
    type: "integer",
    least: 0,
    most: 256,
    on: ["generate", "edit"],
    help: "pixels over which the new fades into the kept, inside the mask (default 0)",
  },
  inpaintOnlyMasked: {
    with: ["mask", "extend"],
    type: "flag",
    on: ["generate", "edit"],
    also: ["only-masked"],
    help: "paint the mask's surroundings at the full size, then put them back",
  },
  inpaintPadding: {
    with: ["inpaintOnlyMasked"],
    type: "integer",
    least: 0,
    most: 1024,
    on: ["generate", "edit"],
    also: ["padding-mask-crop", "inpaint-full-res-padding"],
    help: "pixels around the mask that --inpaint-only-masked takes along (default 32)",
  },
  extend: {
    once: true,
    type: "sides",
    on: ["generate"],
    also: ["outpaint"],
    help: "paint beyond the picture's borders: left=256,right=128",
  },
  noPaste: {
    with: ["mask", "extend"],
    type: "flag",
    on: ["generate"],
    help: "leave kept pixels as the decoder gives them; do not put the originals back",
  },
} as const satisfies Table;

/** How a picture becomes larger: drawn again at a larger size, enlarged by a network. */
export const largerSettings = {
  hiresScale: {
    type: "number",
    least: 1,
    most: 8,
    on: ["generate"],
    common: true,
    also: ["hr-scale", "hires-upscale"],
    help: "draw again this many times as large, starting from the first picture",
  },
  hiresSize: { type: "pair", least: 8, most: 8192, on: ["generate"], help: "the same, by its size" },
  hiresSteps: {
    with: ["hiresScale", "hiresSize"],
    type: "integer",
    least: 1,
    most: 1000,
    on: ["generate"],
    also: ["hr-steps", "hr-second-pass-steps"],
    help: "steps of the second drawing, of which --hires-strength run (default: as the first)",
  },
  hiresStrength: {
    with: ["hiresScale", "hiresSize"],
    type: "number",
    least: 0.01,
    most: 1,
    on: ["generate"],
    also: ["hires-denoising-strength", "hr-denoising-strength"],
    help: "how much the second drawing changes (default 0.5)",
  },
  hiresUpscaler: {
    with: ["hiresScale", "hiresSize"],
    type: "file",
    on: ["generate", "metadata"],
    also: ["hr-upscaler"],
    help: "between the two: latent, lanczos, or an upscaler's file (default lanczos)",
    helpOn: { metadata: "where the upscaler of its second drawing is" },
  },
  upscaleModel: {
    type: "file",
    on: ["generate", "upscale", "metadata"],
    also: ["upscaler", "esrgan"],
    help: "enlarge the finished picture by this ESRGAN network",
    helpOn: { metadata: "where the network that enlarged it is" },
  },
} as const satisfies Table;

/** What is added to the model's weights. */
export const loraSettings = {
  lora: {
    type: "lora",
    on: ["generate", "metadata", "edit"],
    repeat: true,
    common: true,
    also: ["lora-weights", "lora-path", "lora-model"],
    help: "add a LoRA or one of its kin to the model; in prompts <lora:name:weight> does",
    helpOn: { metadata: "where its LoRA is; once for each" },
  },
  tagLoras: {
    type: "file",
    on: [],
    repeat: true,
    help: "the files that <lora:name:weight> in prompts means; absent: those of --lora-dir",
  },
} as const satisfies Table;

/** How latents become pixels. */
export const decodingSettings = {
  taesd: {
    type: "file",
    on: ["generate", "metadata", "edit"],
    also: ["tae", "taesd-path"],
    help: "decode by this TAESD instead of the VAE: smaller and a little softer; also for --preview tae",
    helpOn: { metadata: "where the TAESD that decoded it is" },
  },
  taesdPreviewOnly: {
    with: ["taesd"],
    type: "flag",
    on: ["generate", "edit"],
    help: "decode the finished picture by the VAE all the same",
  },
  vaeTiling: {
    oneOf: ["auto", "on", "off"],
    on: ["generate", "edit"],
    alone: "on",
    help: "decode in tiles (default: where one piece does not fit)",
  },
  vaeTileSize: {
    type: "integer",
    least: 64,
    most: 4096,
    on: ["generate", "edit"],
    help: "pixels along a tile's sides (default 512)",
  },
} as const satisfies Table;
