/**
 * What a file is that does not fit: said, so that its owner need not guess.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import { describeForeign, kindOf } from "../model/foreign.ts";

const SIGNS: [RegExp, string][] = [
  [/oft_blocks|oft_diag|oft_R\b|\.oft_/, "It is of the kind OFT or BOFT, which is not supported."],
  [/\.[ab]1\.weight$/, "It is of the kind GLoRA, which is not supported."],
  [/double_blocks|single_transformer_blocks/, "It is a LoRA for Flux."],
  [/joint_blocks|joint_transformer|transformer_blocks[._]\d+[._]attn[._]add_/, "It is a LoRA for Stable Diffusion 3."],
  [/motion_modules|temporal_transformer/, "It is for AnimateDiff."],
];

/** A sentence, or nothing where nothing is telling. */
export function whatItIs(source: TensorSource): string {
  const names = [...source.tensors.keys()];
  for (const [sign, said] of SIGNS) if (names.some((name) => sign.test(name))) return said;
  const kind = kindOf(names);
  if (kind === "model") return "It is a whole model: name it with -m.";
  if (kind !== "lora") return describeForeign(names);
  const family = familyOf(source);
  return family ? `It is a LoRA for ${family}.` : "";
}

/** The family that the width of the prompts, or a second text encoder, gives away. */
function familyOf(source: TensorSource): string | undefined {
  for (const { name, shape } of source.tensors.values()) {
    if (/^(lora_te2_|text_encoder_2\.)/.test(name)) return "SDXL";
    if (!/attn2[._](?:processor[._])?to_[kv].*(?:lora_down|lora_A|lora\.down)\.weight$/.test(name)) continue;
    const family = new Map([[2048, "SDXL"], [1024, "SD 2"], [768, "SD 1"]]).get(shape[1]);
    if (family) return family;
  }
  return undefined;
}
