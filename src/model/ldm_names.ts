/**
 * The names of the original Stable Diffusion code (LDM, and OpenCLIP inside SD 2 and SDXL) as the names of diffusers
 * and transformers. Everything single files call differently is in this file.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import type { View } from "../formats/view.ts";

/** Before the UNet's names in a single file. */
export const UNET_PREFIX = "model.diffusion_model.";

const RESNET: [old: RegExp, name: string][] = [
  [/^in_layers\.0\./, "norm1."],
  [/^in_layers\.2\./, "conv1."],
  [/^out_layers\.0\./, "norm2."],
  [/^out_layers\.3\./, "conv2."],
  [/^emb_layers\.1\./, "time_emb_proj."],
  [/^skip_connection\./, "conv_shortcut."],
];

const UNET_ENDS: [old: string, name: string][] = [
  ["time_embed.0.", "time_embedding.linear_1."],
  ["time_embed.2.", "time_embedding.linear_2."],
  ["time_embed.cond_proj.", "time_embedding.cond_proj."],
  ["time_embedding.cond_proj.", "time_embedding.cond_proj."], // LCMs that were converted by tools that do not know it
  ["label_emb.0.0.", "add_embedding.linear_1."],
  ["label_emb.0.2.", "add_embedding.linear_2."],
  ["input_blocks.0.0.", "conv_in."],
  ["out.0.", "conv_norm_out."],
  ["out.2.", "conv_out."],
];

/**
 * The diffusers name of an LDM UNet tensor, or undefined for one that no UNet has.
 * @param layers resnets of a block; LDM counts them through all blocks
 */
export function unetName(old: string, layers: number): string | undefined {
  for (const [start, name] of UNET_ENDS) if (old.startsWith(start)) return name + old.slice(start.length);
  const match = old.match(/^(input|middle|output)_blocks?\.(\d+)\.(.*)$/);
  if (!match) return undefined;
  const [, side, first, rest] = match;
  const index = Number(first);
  if (side === "middle") {
    return index === 1 ? `mid_block.attentions.0.${rest}` : `mid_block.resnets.${index / 2}.${resnet(rest)}`;
  }
  const counted = side === "input" ? index - 1 : index;
  const block = `${side === "input" ? "down" : "up"}_blocks.${Math.floor(counted / (layers + 1))}`;
  const within = counted % (layers + 1);
  const [, part, inner] = rest.match(/^(\d+)\.(.*)$/) ?? [];
  if (inner?.startsWith("op.")) return `${block}.downsamplers.0.conv.${inner.slice(3)}`;
  if (part !== "0" && inner?.startsWith("conv.")) return `${block}.upsamplers.0.${inner}`;
  if (part === "0") return `${block}.resnets.${within}.${resnet(inner)}`;
  return part === "1" ? `${block}.attentions.${within}.${inner}` : undefined;
}

/** How many resnets a block has, by the original names of a UNet or ControlNet: blocks end where the width halves. */
export function layersOf(names: readonly string[]): number {
  const inputs = names.map((name) => Number(name.match(/^input_blocks\.(\d+)\./)?.[1] ?? 0));
  const downs = names.map((name) => Number(name.match(/^input_blocks\.(\d+)\.0\.op\./)?.[1])).filter((n) => n > 0);
  const least = downs.reduce((first, n) => Math.min(first, n), Infinity);
  return downs.length ? least - 1 : inputs.reduce((most, n) => Math.max(most, n), 0);
}

function resnet(rest: string): string {
  for (const [old, name] of RESNET) if (old.test(rest)) return rest.replace(old, name);
  return rest;
}

/** The diffusers name of an LDM VAE tensor. @param levels of resolution; LDM counts the decoder's from the finest */
export function vaeName(old: string, levels: number): string {
  return old
    .replace(/^(encoder|decoder)\.norm_out\./, "$1.conv_norm_out.")
    .replace(/\.mid\.block_(\d)\./, (_, n) => `.mid_block.resnets.${n - 1}.`)
    .replace(/\.mid\.attn_1\.(?:group_)?norm\./, ".mid_block.attentions.0.group_norm.")
    .replace(/\.mid\.attn_1\.(?:to_)?([qkv])\./, ".mid_block.attentions.0.to_$1.")
    .replace(/\.mid\.attn_1\.(?:proj_out|to_out\.0)\./, ".mid_block.attentions.0.to_out.0.")
    .replace(/^encoder\.down\.(\d+)\.block\./, "encoder.down_blocks.$1.resnets.")
    .replace(/^encoder\.down\.(\d+)\.downsample\./, "encoder.down_blocks.$1.downsamplers.0.")
    .replace(/^decoder\.up\.(\d+)\.block\./, (_, n) => `decoder.up_blocks.${levels - 1 - n}.resnets.`)
    .replace(/^decoder\.up\.(\d+)\.upsample\./, (_, n) => `decoder.up_blocks.${levels - 1 - n}.upsamplers.0.`)
    .replace(".nin_shortcut.", ".conv_shortcut.");
}

const OPEN_CLIP: [old: string, name: string][] = [
  ["token_embedding.weight", "text_model.embeddings.token_embedding.weight"],
  ["positional_embedding", "text_model.embeddings.position_embedding.weight"],
  ["ln_final.weight", "text_model.final_layer_norm.weight"],
  ["ln_final.bias", "text_model.final_layer_norm.bias"],
];

/**
 * An OpenCLIP text encoder under transformers' names: its fused queries, keys and values taken apart, its projection
 * turned.
 * @param prefix before every name, with its dot
 * @param layers to show; SD 2 leaves the last one unused
 * @param projected whether the pooled projection is shown
 */
export function openClipViews(
  source: TensorSource,
  prefix: string,
  layers: number,
  projected: boolean,
): Map<string, View> {
  const views = new Map<string, View>();
  for (const [old, name] of OPEN_CLIP) views.set(name, { from: prefix + old });
  if (projected) {
    // A parameter multiplies from the right; as the weight of a linear layer, as some tools save it, it is turned
    // already.
    const linear = source.tensors.has(`${prefix}text_projection.weight`);
    const from = `${prefix}text_projection${linear ? ".weight" : ""}`;
    views.set("text_projection.weight", { from, transpose: !linear });
  }
  for (const from of source.tensors.keys()) {
    const match = from.startsWith(prefix) && from.slice(prefix.length).match(/^transformer\.resblocks\.(\d+)\.(.*)$/);
    if (!match || Number(match[1]) >= layers) continue;
    const layer = `text_model.encoder.layers.${match[1]}`;
    const fused = match[2].match(/^attn\.in_proj_(weight|bias)$/);
    if (fused) {
      const count = source.tensors.get(from)!.shape[0] / 3;
      ["q", "k", "v"].forEach((letter, i) =>
        views.set(`${layer}.self_attn.${letter}_proj.${fused[1]}`, { from, rows: { first: i * count, count } })
      );
    } else {
      const name = match[2].replace("attn.", "self_attn.").replace("ln_", "layer_norm")
        .replace("mlp.c_fc", "mlp.fc1").replace("mlp.c_proj", "mlp.fc2");
      views.set(`${layer}.${name}`, { from });
    }
  }
  for (const [name, { from }] of views) if (!source.tensors.has(from)) views.delete(name);
  return views;
}
