/**
 * What a file is that is no text-to-image model, told by its tensors' names.
 *
 * @module
 */
import { briefText } from "../brief.ts";

const KINDS: [pattern: RegExp, what: string, advice: string][] = [
  [
    /lora_(up|down|A|B)\b|\.lora\.|hada_w1|lokr_w/,
    "a LoRA",
    "LoRAs change a model; they cannot draw alone. Give the model",
  ],
  [/^control_model\.|controlnet_cond_embedding|^input_hint_block\./, "a ControlNet", "Give it beside a model"],
  [/^adapter\.body\.|^body\.\d+\.(resnets|block)/, "a T2I-Adapter", "Give the model it belongs to"],
  [/^(ip_adapter|image_proj)\./, "an IP-Adapter", "Give the model it belongs to"],
  [/motion_modules/, "an AnimateDiff motion module", "Give a picture model"],
  [/^(string_to_param|emb_params$|clip_[lg]$|<)/, "a textual inversion embedding", "Give it with --embeddings"],
  [/(^|\.)(double_blocks|single_blocks)\./, "a Flux model", "Supported are SD 1, SD 2 and SDXL"],
  [/(^|\.)joint_blocks\./, "a Stable Diffusion 3 model", "Supported are SD 1, SD 2 and SDXL"],
  [
    /^(model\.diffusion_model\.|down_blocks\.\d+\.(resnets|attentions)|input_blocks\.)/,
    "a UNet without text encoder",
    "Give the whole model",
  ],
  [
    /^(first_stage_model\.|vae\.)?(encoder|decoder)\.(down|up|mid|conv_in)/,
    "a VAE",
    "Give it with --vae, beside a model",
  ],
  [/text_model\.|^transformer\.resblocks\./, "a text encoder", "Give the whole model"],
  [/^(model\.\d+\.|conv_first\.|params_ema\.)/, "an upscaler", "Give a text-to-image model"],
];

/** A sentence that says what a file with these tensors is, and what to do with it. */
export function describeForeign(names: Iterable<string>): string {
  const list = [...names];
  for (const [pattern, what, advice] of KINDS) {
    if (list.some((name) => pattern.test(name))) return `It is ${what}. ${advice}.`;
  }
  return `Its ${list.length} tensors (${briefText(list.slice(0, 4).join(", "))}${
    list.length > 4 ? ", …" : ""
  }) are none that SD 1, SD 2 or SDXL have.`;
}
