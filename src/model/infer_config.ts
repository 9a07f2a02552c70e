/**
 * Network configs read off tensor shapes, for files that bring none. Tensors are those of diffusers' and transformers'
 * names; what shapes cannot tell (heads, groups, activations) is what all published models of the family have.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import type { Config } from "../files/json_file.ts";
import { COUNT_OF } from "../limits.ts";
import type { Family } from "./preset.ts";
import type { TensorSource } from "../formats/tensor_source.ts";

/** Width of an attention head in SD 2, SDXL and all CLIP text encoders; SD 1 UNets have 8 heads of any width. */
const HEAD = 64;

/** Projection of the guidance, which LCM's own UNets take as an input. */
const GUIDANCE = "time_embedding.cond_proj.weight";

function reader(source: TensorSource) {
  const names = [...source.tensors.keys()];
  return {
    shape(name: string): number[] {
      const info = source.tensors.get(name);
      if (!info) throw new ModelError(`${source.describe} lacks ${name}, so its architecture cannot be told.`);
      return info.shape;
    },
    has: (name: string) => source.tensors.has(name),
    /** One more than the highest number at `start`: how many blocks or layers are there. */
    count(start: string): number {
      const indices = names.filter((name) => name.startsWith(start)).map((name) => parseInt(name.slice(start.length)));
      const count = 1 + indices.reduce((most, index) => Math.max(most, index), -1);
      if (count <= COUNT_OF.blocks || Number.isNaN(count)) return count;
      throw new ModelError(`${source.describe} has ${start}${count - 1}; supported: up to ${COUNT_OF.blocks - 1}.`);
    },
  };
}

/** Normalisation groups: 32 in every published model, fewer only where widths leave no choice. */
function groups(widths: number[]): number {
  let count = 32;
  while (widths.some((width) => width % count)) count /= 2;
  return Math.max(1, Math.floor(count));
}

/** Blocks of the transformers at one level: one number where all have the same. */
function depthsOf(source: TensorSource, level: string): number | number[] {
  const { count } = reader(source);
  const length = count(`${level}.attentions.`);
  const depths = Array.from({ length }, (_, i) => count(`${level}.attentions.${i}.transformer_blocks.`));
  return depths.every((depth) => depth === depths[0]) ? depths[0] || 1 : depths;
}

/** What the way down tells: levels, widths, attention, and how prompts, times and sizes come in. */
function downConfig(source: TensorSource, family: Family): { config: Config; levels: number[]; attention?: string } {
  const { shape, has, count } = reader(source);
  const levels = Array.from({ length: count("down_blocks.") }, (_, level) => level);
  const widths = levels.map((level) => shape(`down_blocks.${level}.resnets.0.conv1.weight`)[0]);
  const attends = (block: string) => has(`${block}.attentions.0.proj_in.weight`);
  const middle = "mid_block.attentions.0";
  const places = levels.map((level) => `down_blocks.${level}.attentions.0`).concat(middle);
  const attention = places.find((place) => has(`${place}.proj_in.weight`));
  const depths = levels.map((level) => depthsOf(source, `down_blocks.${level}`));
  const heads = widths.map((width) => Math.max(1, Math.round(width / HEAD)));
  // Where the last level does not attend, its depth is the middle's.
  const last = levels.length - 1;
  if (last >= 0 && !attends(`down_blocks.${last}`) && attends("mid_block")) {
    depths[last] = count(`${middle}.transformer_blocks.`);
  }
  const config: Config = {
    in_channels: shape("conv_in.weight")[1],
    block_out_channels: widths,
    layers_per_block: count("down_blocks.0.resnets."),
    down_block_types: levels.map((level) => attends(`down_blocks.${level}`) ? "CrossAttnDownBlock2D" : "DownBlock2D"),
    mid_block_type: attends("mid_block")
      ? "UNetMidBlock2DCrossAttn"
      : count("mid_block.resnets.")
      ? "UNetMidBlock2D"
      : null,
    transformer_layers_per_block: depths,
    attention_head_dim: family === "sd1" ? 8 : heads,
    norm_num_groups: groups(widths),
  };
  if (attention) {
    config.cross_attention_dim = shape(`${attention}.transformer_blocks.0.attn2.to_k.weight`)[1];
    config.use_linear_projection = shape(`${attention}.proj_in.weight`).length === 2;
  }
  return { config, levels, attention };
}

/** SDXL's pooled prompt and sizes: six sinusoids beside the prompt. */
function addedConfig(source: TensorSource, pooledWidth: number): Config {
  const width = source.tensors.get("add_embedding.linear_1.weight")?.shape[1];
  if (width === undefined) return {};
  return {
    addition_embed_type: "text_time",
    projection_class_embeddings_input_dim: width,
    addition_time_embed_dim: (width - pooledWidth) / 6,
  };
}

/** A diffusers UNet config. @param pooledWidth of SDXL's second text encoder */
export function unetConfig(source: TensorSource, family: Family, sampleSize: number, pooledWidth = 0): Config {
  const { shape, has } = reader(source);
  const { config, levels, attention } = downConfig(source, family);
  if (!attention) throw new ModelError(`${source.describe} has a UNet without attention; it takes no prompt.`);
  const attends = (level: number) => has(`up_blocks.${level}.attentions.0.proj_in.weight`);
  const up = levels.map((level) => depthsOf(source, `up_blocks.${level}`));
  const down = config.transformer_layers_per_block as (number | number[])[];
  const mirrored = levels.every((level) => !attends(level) || up[level] === down[levels.length - 1 - level]);
  return {
    _class_name: "UNet2DConditionModel",
    sample_size: sampleSize,
    out_channels: shape("conv_out.weight")[0],
    ...config,
    up_block_types: levels.map((level) => attends(level) ? "CrossAttnUpBlock2D" : "UpBlock2D"),
    ...(mirrored ? {} : { reverse_transformer_layers_per_block: up }),
    ...(has(GUIDANCE) ? { time_cond_proj_dim: shape(GUIDANCE)[1] } : {}),
    ...addedConfig(source, pooledWidth),
  };
}

/**
 * A diffusers ControlNet config.
 * @param family of the model it goes with; @param pooledWidth of SDXL's second text encoder
 */
export function controlNetConfig(source: TensorSource, family: Family, pooledWidth = 0): Config {
  const { shape, count } = reader(source);
  const hint = "controlnet_cond_embedding";
  const pairs = count(`${hint}.blocks.`) / 2;
  const hints = Array.from({ length: pairs }, (_, i) => shape(`${hint}.blocks.${2 * i}.weight`)[0]);
  return {
    _class_name: "ControlNetModel",
    ...downConfig(source, family).config,
    ...addedConfig(source, pooledWidth),
    conditioning_channels: shape(`${hint}.conv_in.weight`)[1],
    conditioning_embedding_out_channels: [...hints, shape(`${hint}.conv_out.weight`)[1]],
    controlnet_conditioning_channel_order: "rgb",
    global_pool_conditions: false,
  };
}

/** A diffusers VAE config, but for its scaling. */
export function vaeConfig(source: TensorSource): Config {
  const { shape, has, count } = reader(source);
  const levels = count("decoder.up_blocks.");
  const widths = Array.from(
    { length: levels },
    (_, level) => shape(`decoder.up_blocks.${levels - 1 - level}.resnets.0.conv1.weight`)[0],
  );
  return {
    _class_name: "AutoencoderKL",
    in_channels: 3,
    out_channels: shape("decoder.conv_out.weight")[0],
    latent_channels: shape("decoder.conv_in.weight")[1],
    block_out_channels: widths,
    layers_per_block: count("decoder.up_blocks.0.resnets.") - 1,
    down_block_types: widths.map(() => "DownEncoderBlock2D"),
    up_block_types: widths.map(() => "UpDecoderBlock2D"),
    norm_num_groups: groups(widths),
    use_quant_conv: has("quant_conv.weight"),
    use_post_quant_conv: has("post_quant_conv.weight"),
  };
}

/** A transformers CLIP text config. @param act of its MLPs: "quick_gelu" for OpenAI's ViT-L, "gelu" for OpenCLIP's */
export function textConfig(source: TensorSource, act: "quick_gelu" | "gelu"): Config {
  const { shape, has, count } = reader(source);
  const [vocabulary, width] = shape("text_model.embeddings.token_embedding.weight");
  const projected = has("text_projection.weight");
  return {
    architectures: [projected ? "CLIPTextModelWithProjection" : "CLIPTextModel"],
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: shape("text_model.encoder.layers.0.mlp.fc1.weight")[0],
    num_hidden_layers: count("text_model.encoder.layers."),
    num_attention_heads: Math.max(1, Math.round(width / HEAD)),
    max_position_embeddings: shape("text_model.embeddings.position_embedding.weight")[0],
    hidden_act: act,
    layer_norm_eps: 1e-5,
    ...(projected ? { projection_dim: shape("text_projection.weight")[0] } : {}),
  };
}
