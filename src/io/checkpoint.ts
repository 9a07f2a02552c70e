/**
 * A model on disk as the rest of the program sees it, whatever its container.
 *
 * @module
 */
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Family, Preset } from "./preset.ts";
import type { TensorSource } from "./tensor_source.ts";

/** Contents of a JSON file that is data to us. */
export type Config = Record<string, unknown>;

/** One network: its diffusers or transformers config, and its tensors under the names those libraries give them. */
export interface Component {
  config: Config;
  source: TensorSource;
}

/** An opened model. Nothing but names, shapes and configs has been read. */
export interface Checkpoint {
  /** Short name for metadata: the folder's or the file's, without extension. */
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
  /** scheduler_config.json, as the model has it or as its family's is. */
  scheduler: Config;
  preset: Preset;
  close(): void;
}
