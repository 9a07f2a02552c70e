/**
 * What a file is, told by its tensors' names.
 *
 * @module
 */
import { briefText } from "../brief.ts";

/** What a file of tensors can be for people who draw. */
export type FileKind =
  | "model"
  | "lora"
  | "controlnet"
  | "t2i-adapter"
  | "ip-adapter"
  | "motion"
  | "embedding"
  | "flux"
  | "sd3"
  | "unet"
  | "vae"
  | "taesd"
  | "text encoder"
  | "upscaler";

/** The first that fits counts: a model holds what a VAE and a text encoder hold, too. */
const KINDS: [kind: FileKind, pattern: RegExp, what: string, advice: string][] = [
  [
    "lora",
    /lora_(up|down|A|B)\b|\.lora\.|hada_w1|lokr_w|\.processor\..*_lora\./,
    "a LoRA",
    "LoRAs change a model; they cannot draw alone. Give the model",
  ],
  [
    "controlnet",
    /^control_model\.|controlnet_cond_embedding|^input_hint_block\./,
    "a ControlNet",
    "Give it beside a model",
  ],
  ["t2i-adapter", /^adapter\.body\.|^body\.\d+\.(resnets|block)/, "a T2I-Adapter", "Give the model it belongs to"],
  ["ip-adapter", /^(ip_adapter|image_proj)\./, "an IP-Adapter", "Give the model it belongs to"],
  ["motion", /motion_modules/, "an AnimateDiff motion module", "Give a picture model"],
  [
    "embedding",
    /^(string_to_param|emb_params$|clip_[lg]$|<)/,
    "a textual inversion embedding",
    "Give it with --embeddings",
  ],
  ["flux", /(^|\.)(double_blocks|single_blocks)\./, "a Flux model", "Supported are SD 1, SD 2 and SDXL"],
  ["sd3", /(^|\.)joint_blocks\./, "a Stable Diffusion 3 model", "Supported are SD 1, SD 2 and SDXL"],
  [
    "unet",
    /^(model\.diffusion_model\.|down_blocks\.\d+\.(resnets|attentions)|input_blocks\.)/,
    "a UNet without text encoder",
    "Give the whole model, or this one beside a model with --unet",
  ],
  [
    "vae",
    /^(first_stage_model\.|vae\.)?(encoder|decoder)\.(down|up|mid|conv_in)/,
    "a VAE",
    "Give it with --vae, beside a model",
  ],
  ["taesd", /^((encoder|decoder)\.)?(layers\.)?\d+\.conv\.\d+\.weight$/, "a TAESD autoencoder", "Give a whole model"],
  ["text encoder", /text_model\.|^transformer\.resblocks\./, "a text encoder", "Give the whole model"],
  [
    "upscaler",
    /^(params(_ema)?\.)?(conv_first|RRDB_trunk|model\.\d+)\./,
    "an upscaler",
    "Give a text-to-image model",
  ],
];

const UNET = /^(model\.diffusion_model\.)+input_blocks\./;
const TEXT = /^(cond_stage_model|conditioner)\./;

/** What a file with these tensors is; undefined where that cannot be told. */
export function kindOf(names: Iterable<string>): FileKind | undefined {
  const list = [...names];
  if (list.some((name) => UNET.test(name)) && list.some((name) => TEXT.test(name))) return "model";
  return KINDS.find(([, pattern]) => list.some((name) => pattern.test(name)))?.[0];
}

/** A sentence that says what a file with these tensors is, and what to do with it. */
export function describeForeign(names: Iterable<string>): string {
  const list = [...names];
  for (const [, pattern, what, advice] of KINDS) {
    if (list.some((name) => pattern.test(name))) return `It is ${what}. ${advice}.`;
  }
  if (list.length === 0) return "It holds no tensor.";
  return `Its ${list.length} tensors (${briefText(list.slice(0, 4).join(", "))}${
    list.length > 4 ? ", …" : ""
  }) are none that SD 1, SD 2 or SDXL have.`;
}
