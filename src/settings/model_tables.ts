/**
 * The settings that say which model draws and how it is read, each in one place.
 *
 * @module
 */
import type { Table } from "./setting.ts";

/** Which model, and how it is read. */
export const modelSettings = {
  model: {
    type: "place",
    shown: "PATH",
    on: ["generate", "metadata", "edit"],
    short: "m",
    common: true,
    also: ["ckpt", "checkpoint", "ckpt-path", "model-path", "pretrained-model-name-or-path"],
    help: "folder or file, a name in --model-dir, owner/name on the hub, or https address (default: ours)",
    helpOn: { metadata: "where its model is: as for drawing (default: the one of its hash that is at hand)" },
  },
  modelDir: {
    run: true,
    type: "path",
    shown: "DIR",
    on: ["generate", "metadata", "edit", "inspect", "models"],
    also: ["models-dir", "model-folder", "ckpt-dir"],
    help: "folder of models, for names such as -m realistic (default: rpg/models in the user's data folder)",
  },
  unet: {
    type: "place",
    shown: "PATH",
    on: ["generate", "metadata", "edit"],
    also: ["unet-path", "diffusion-model"],
    help: "take the UNet from here, such as a GGUF file that holds nothing else",
  },
  vae: {
    type: "place",
    shown: "PATH",
    on: ["generate", "metadata", "edit"],
    also: ["vae-path"],
    help: "take the VAE from here",
  },
  type: {
    oneOf: ["auto", "f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"],
    on: ["generate", "upscale", "edit", "convert"],
    also: ["dtype", "weight-type"],
    help:
      "of weights: f16, f32, q8_0 or q4_0 on the device, any in convert (default: as the file has them, at least f16)",
  },
  preset: {
    type: "text",
    shown: "NAME",
    on: ["generate", "edit"],
    help: "a family's defaults, such as sd15 or sdxl (default: auto)",
  },
  prediction: {
    oneOf: ["auto", "eps", "v"],
    on: ["generate", "edit"],
    also: ["prediction-type"],
    help: "what the UNet predicts, where its files do not say",
  },
  zsnr: {
    type: "flag",
    on: ["generate", "edit"],
    help: "rescale the schedule to a zero terminal signal-to-noise ratio",
  },
  embeddings: {
    type: "path",
    shown: "PATH",
    on: ["generate", "metadata", "edit", "models"],
    also: ["embd-dir", "embedding-dir", "embeddings-dir", "textual-inversion"],
    help: 'textual inversions for "embedding:name": a file or a folder',
  },
} as const satisfies Table;

/** Where LoRAs lie. */
export const loraPlaces = {
  loraDir: {
    run: true,
    type: "path",
    shown: "DIR",
    on: ["generate", "metadata", "models", "edit"],
    also: ["lora-model-dir", "loras-dir"],
    help: "folder of LoRAs for names (default: loras beside the model, then in the user's data folder)",
  },
} as const satisfies Table;
