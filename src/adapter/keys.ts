/**
 * What the tensors of adapter files are called: kohya's scripts and LyCORIS, diffusers then and now, PEFT, and the
 * original Stable Diffusion code. A key says which module it changes and what it is to it.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import { unetName } from "../model/ldm_names.ts";

/** The networks that adapters change. */
export const ADAPTED = ["unet", "text_encoder", "text_encoder_2"] as const;
/** One of them. */
export type AdaptedPart = typeof ADAPTED[number];

/** What a tensor is to its module; LyCORIS's own names, and for the rest one each. */
export type Role =
  | "down"
  | "up"
  | "up_bias"
  | "mid"
  | "alpha"
  | "magnitude"
  | "peft_magnitude"
  | "ia3"
  | "peft_ia3"
  | "on_input"
  | "diff"
  | "diff_b"
  | `hada_${"w1_a" | "w1_b" | "w2_a" | "w2_b" | "t1" | "t2"}`
  | `lokr_${"w1" | "w1_a" | "w1_b" | "w2" | "w2_a" | "w2_b" | "t2"}`;

/** A key taken apart. */
export interface Key {
  part: AdaptedPart;
  /** The module within its network, dots as underscores. */
  module: string;
  /** The module as a PEFT config calls it. */
  dotted: string;
  role: Role;
}

const SIDE = (down: string) =>
  new RegExp(`(?:\\.lora_(?:${down})|[._]lora\\.(?:${down})|\\.lora_linear_layer\\.(?:${down}))\\.weight$`);

/** Endings of keys, by what they mean. */
const ENDINGS: [RegExp, (match: RegExpMatchArray) => Role][] = [
  [SIDE("down|A"), () => "down"],
  [SIDE("up|B"), () => "up"],
  [/\.lora_B\.bias$/, () => "up_bias"],
  [/\.lora_mid\.weight$/, () => "mid"],
  [/\.alpha$/, () => "alpha"],
  [/\.dora_scale$/, () => "magnitude"],
  [/\.lora_magnitude_vector(?:\.weight)?$/, () => "peft_magnitude"],
  [/\.(hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2))$/, ([, name]) => name as Role],
  [/\.ia3_l$/, () => "peft_ia3"],
  [/\.on_input$/, () => "on_input"],
  [/\.(?:diff|w_norm)$/, () => "diff"],
  [/\.(?:diff_b|b_norm)$/, () => "diff_b"],
  [/\.weight$/, () => "ia3"],
];

const PREFIXES: [RegExp, AdaptedPart][] = [
  [/^lora_unet_/, "unet"],
  [/^lora_te1?_/, "text_encoder"],
  [/^lora_te2_/, "text_encoder_2"],
  [/^unet\./, "unet"],
  [/^text_encoder\./, "text_encoder"],
  [/^text_encoder_2\./, "text_encoder_2"],
  [/^(?:model\.)?diffusion_model\./, "unet"],
  [/^(?:text_encoders\.)?clip_l\.(?:transformer\.)?/, "text_encoder"],
  [/^(?:text_encoders\.)?clip_g\.(?:transformer\.)?/, "text_encoder_2"],
  [/^(?=text_model[._])/, "text_encoder"],
  [/^lycoris_/, "unet"],
];

/** What a key says, or undefined for one that no adapter has. Whether there is such a module, `modulesOf` knows. */
export function readKey(name: string): Key | undefined {
  const plain = name.replace(/^base_model\.model\./, "").replace(/\.default(?:_\d+)?(?=\.|$)/, "");
  for (const [ending, role] of ENDINGS) {
    const match = plain.match(ending);
    if (!match) continue;
    const path = plain.slice(0, match.index);
    const [prefix, part = "unet"] = PREFIXES.find(([prefix]) => prefix.test(path)) ?? [];
    const dotted = prefix ? path.replace(prefix, "") : path;
    return { part, module: dotted.replaceAll(".", "_"), dotted, role: role(match) };
  }
  return undefined;
}

/** Finds the modules of a network, by diffusers' names or the original ones, with dots or underscores. */
export function modulesOf(source: TensorSource): (module: string) => string | undefined {
  const names = new Map<string, string>();
  let resnets = 0;
  for (const tensor of source.tensors.keys()) {
    const module = tensor.replace(/\.(?:weight|bias)$/, "");
    const underscored = module.replaceAll(".", "_");
    names.set(underscored, module);
    names.set(underscored.replace(/^text_model_/, ""), module);
    const [, count] = tensor.match(/^down_blocks\.0\.resnets\.(\d+)\./) ?? [];
    resnets = Math.max(resnets, Number(count ?? -1) + 1);
  }
  return (module) => {
    // diffusers of 2023 called the projections of a text encoder as those of a UNet.
    const plain = module.replace("_processor_", "_").replace(/_self_attn_to_(q|k|v|out)$/, "_self_attn_$1_proj");
    return names.get(plain) ?? names.get(`${plain}_0`) ?? names.get(originalName(plain, resnets) ?? "");
  };
}

/** A module of the original code (or of OpenCLIP) under diffusers' (or transformers') name, with underscores. */
function originalName(module: string, resnets: number): string | undefined {
  const layer = module.match(/^(?:model_)?transformer_resblocks_(\d+)_(.*)$/);
  if (layer) {
    const [, number, rest] = layer;
    return `encoder_layers_${number}_${
      rest.replace(/^attn_/, "self_attn_").replace("c_fc", "fc1").replace("c_proj", "fc2").replace("ln_", "layer_norm")
    }`;
  }
  const dotted = module
    .replace(/^(input_blocks|output_blocks)_(\d+)_(\d+)_/, "$1.$2.$3.")
    .replace(/^middle_block_(\d+)_/, "middle_block.$1.")
    .replace(/(?<=\.)(in_layers|out_layers|emb_layers)_(\d+)$/, "$1.$2")
    .replace(/^(time_embed|out)_(\d)$/, "$1.$2")
    .replace(/^label_emb_0_(\d)$/, "label_emb.0.$1")
    .replace(/^input_blocks\.0\.0\.?$/, "input_blocks.0.0");
  return unetName(`${dotted.replace(/_$/, "")}.weight`, resnets)?.replace(/\.weight$/, "").replaceAll(".", "_");
}
