/**
 * Which family a LoRA, an embedding, a UNet or a ControlNet is for, told by names and shapes alone.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Family } from "./preset.ts";

/** Width of the prompts that a network reads → its family. */
const FAMILIES = new Map<number, Family>([[768, "sd1"], [1024, "sd2"], [2048, "sdxl"]]);
const READS_PROMPTS = /attn2[._](?:processor[._])?to_[kv][._](?:.*(?:lora_down|lora_A|lora\.down)\.)?weight$/;
const TOKENS = /^(emb_params$|string_to_param|<)/;

/** By a second text encoder, the width of the prompts that it reads, or of the tokens that it adds. */
export function familyOf({ tensors }: Pick<TensorSource, "tensors">): Family | undefined {
  const names = [...tensors.keys()];
  if (names.some((name) => /^(clip_g$|lora_te2_|text_encoder_2\.)/.test(name))) return "sdxl";
  for (const { name, shape } of tensors.values()) {
    const width = TOKENS.test(name) ? shape[shape.length - 1] : READS_PROMPTS.test(name) ? shape[1] : 0;
    const family = FAMILIES.get(width);
    if (family) return family;
  }
  return undefined;
}
