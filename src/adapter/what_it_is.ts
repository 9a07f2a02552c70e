/**
 * What a file is that does not fit: said, so that its owner need not guess.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import { familyOf } from "../model/family_of.ts";
import { describeForeign, kindOf } from "../model/foreign.ts";
import type { Family } from "../model/preset.ts";

const SIGNS: [RegExp, string][] = [
  [/oft_blocks|oft_diag|oft_R\b|\.oft_/, "It is of the kind OFT or BOFT, which is not supported."],
  [/\.[ab]1\.weight$/, "It is of the kind GLoRA, which is not supported."],
  [/double_blocks|single_transformer_blocks/, "It is a LoRA for Flux."],
  [/joint_blocks|joint_transformer|transformer_blocks[._]\d+[._]attn[._]add_/, "It is a LoRA for Stable Diffusion 3."],
  [/motion_modules|temporal_transformer/, "It is for AnimateDiff."],
];

const TITLES: Record<Family, string> = { sd1: "SD 1", sd2: "SD 2", sdxl: "SDXL" };

/** A sentence, or nothing where nothing is telling. */
export function whatItIs(source: TensorSource): string {
  const names = [...source.tensors.keys()];
  for (const [sign, said] of SIGNS) if (names.some((name) => sign.test(name))) return said;
  const kind = kindOf(names);
  if (kind === "model") return "It is a whole model: name it with -m.";
  if (kind !== "lora") return describeForeign(names);
  const family = familyOf(source);
  return family ? `It is a LoRA for ${TITLES[family]}.` : "";
}
