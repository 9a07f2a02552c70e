/**
 * What a model is made of once its container is open: networks with their configs and tensors, tokenizers, a scheduler.
 *
 * @module
 */
import type { Config } from "../files/json_file.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { SchedulerConfig } from "../sample/types.ts";
import type { Tokenizer, Vocabulary } from "../text/tokenizer.ts";
import type { Family, Preset } from "./preset.ts";

/** One network: its diffusers or transformers config, and its tensors under the names those libraries give them. */
export interface Component {
  config: Config;
  source: TensorSource;
}

/** An opened model. Nothing but names, shapes and configs has been read. */
export interface Checkpoint {
  /** Short name for metadata: the folder's, the repository's or the file's without extension. */
  name: string;
  family: Family;
  /** What was detected, and why: one sentence each. */
  reason: string[];
  path: string;
  unet: Component;
  vae: Component;
  /** One for SD 1 and 2, two for SDXL. */
  textEncoders: Component[];
  /** In the order of `textEncoders`. */
  tokenizers: Tokenizer[];
  /** What the tokenizers were made from, in the same order. */
  vocabularies: Vocabulary[];
  /** scheduler_config.json, as the model has it or as its preset says. */
  scheduler: SchedulerConfig;
  preset: Preset;
  /** What the user overruled, as far as it decides pictures. */
  asked: {
    preset?: string;
    unet?: string;
    vae?: string;
    prediction?: "auto" | "eps" | "v";
    zsnr?: boolean;
    embeddings?: string;
  };
  close(): void;
}

/** What a container gives, before presets and flags. */
export interface Parts {
  family: Family;
  reason: string[];
  unet: Component;
  vae: Component;
  textEncoders: Component[];
  vocabularies: Vocabulary[];
  /** The model's own scheduler, where it brings one. */
  scheduler?: SchedulerConfig;
  /** The preset that the model's keys or config point to. */
  presetName?: string;
  /** What the model itself says of these. */
  own: Partial<Pick<Preset, "width" | "height" | "forceZerosForEmptyPrompt">>;
  sources: TensorSource[];
}
