/**
 * The first half of diffusers' UNet2DConditionModel, which ControlNets are copies of: time embedding, down blocks,
 * middle.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type AttentionMap, selfMap } from "../ops/attention.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import type { BackboneInputs, PromptInputs } from "./backbone.ts";
import type { Channels } from "../ops/product.ts";
import { channelsOf, type CrossAttention, type NormSettings, resnet, spatialTransformer } from "./blocks.ts";
import type { ConfigReader } from "./config.ts";
import { paddedWidth } from "./pad_heads.ts";
import type { Layers } from "./weights.ts";

/** What the first half needs to know, read from config.json. */
export interface EncoderConfig {
  inChannels: number;
  blockOut: number[];
  layers: number[];
  /** Attention in each down block. */
  downAttention: boolean[];
  /** ResNet blocks in the middle: two around a transformer, one by itself, or none. */
  midResnets: number;
  heads: number[];
  contextDim: number[];
  /** Blocks of each transformer of each level. */
  depth: number[][];
  groups: number;
  epsilon: number;
  /** Sinusoids: cosine first, and the shift of the frequencies. */
  flipSinToCos: boolean;
  freqShift: number;
  /** SDXL: sinusoids of each of the six size numbers, and the width of all added embeddings; 0 elsewhere. */
  addedTimeDim: number;
  addedDim: number;
  /** Distilled guidance embedding of LCM checkpoints, 0 elsewhere. */
  guidanceDim: number;
}

/** Reads and checks what a config says of the first half. */
export function readEncoderConfig(c: ConfigReader): EncoderConfig {
  const { config } = c;
  const blockOut = c.channels("block_out_channels");
  const n = blockOut.length;
  const layers = c.numbers("layers_per_block", n, 2);
  c.only("act_fn", "silu", "swish");
  c.only("conv_in_kernel", 3);
  c.only("downsample_padding", 1);
  c.only("mid_block_scale_factor", 1);
  c.only("time_embedding_type", "positional");
  c.only("resnet_time_scale_shift", "default");
  c.only("time_embedding_act_fn", "silu");
  c.only("timestep_post_act", null);
  c.only("encoder_hid_dim", null);
  c.only("encoder_hid_dim_type", null);
  c.only("class_embed_type", null);
  c.only("num_class_embeds", null);
  c.only("addition_embed_type", "text_time");
  for (const key of ["center_input_sample", "only_cross_attention", "dual_cross_attention"]) c.only(key, false);
  for (const key of ["mid_block_only_cross_attention", "resnet_skip_time_act"]) c.only(key, false);
  for (const key of ["class_embeddings_concat", "cross_attention_norm"]) c.only(key, false);
  const added = config.addition_embed_type === "text_time";
  return {
    inChannels: c.number("in_channels", 4),
    blockOut,
    layers,
    downAttention: attentionOf(c, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", n),
    midResnets: middleOf(c),
    // diffusers calls the number of heads "attention_head_dim" and keeps the mistake for the files' sake.
    heads: c.numbers(config.num_attention_heads ? "num_attention_heads" : "attention_head_dim", n, 8),
    contextDim: c.numbers("cross_attention_dim", n, 1280),
    depth: c.nested("transformer_layers_per_block", layers, 1),
    groups: c.number("norm_num_groups", 32),
    epsilon: c.number("norm_eps", 1e-5),
    flipSinToCos: c.flag("flip_sin_to_cos", true),
    freqShift: c.number("freq_shift", 0),
    addedTimeDim: added ? c.number("addition_time_embed_dim") : 0,
    addedDim: added ? c.number("projection_class_embeddings_input_dim") : 0,
    guidanceDim: c.number("time_cond_proj_dim", 0),
  };
}

/** How many ResNet blocks the middle has. Absent, its kind is the usual one; null, there is no middle. */
function middleOf(c: ConfigReader): number {
  if (c.config.mid_block_type === null) return 0;
  const kind = c.choice("mid_block_type", ["UNetMidBlock2DCrossAttn", "UNetMidBlock2D"], "UNetMidBlock2DCrossAttn");
  return kind === "UNetMidBlock2D" ? 1 : 2;
}

/** Which of a config's blocks attend to the prompts: those of the kind `cross`, not `plain`. */
export function attentionOf(c: ConfigReader, key: string, plain: string, cross: string, levels: number): boolean[] {
  const types = c.strings(key);
  if (types.length !== levels) {
    throw new ModelError(`${c.what} config: "${key}" lists ${types.length} blocks, not ${levels}.`);
  }
  return types.map((type) => {
    if (type !== plain && type !== cross) {
      throw new ModelError(`${c.what} config: block ${brief(type)} is not supported.`);
    }
    return type === cross;
  });
}

/** Channels of every skip connection in the order in which they are made, and of the middle. */
export function featureChannels({ blockOut, layers }: EncoderConfig): number[] {
  const last = blockOut.length - 1;
  const skips = blockOut.flatMap((channels, level) =>
    new Array<number>(layers[level] + (level < last ? 1 : 0)).fill(channels)
  );
  return [blockOut[0], ...skips, blockOut[last]];
}

/** What every block of an evaluation shares. */
export interface Evaluation {
  norm: NormSettings;
  /** Projection of the time embedding for the ResNet block called `name`. */
  time(name: string): Channels;
  /** The spatial transformer called `name` with the heads and the context of a level, `depth` blocks deep. */
  transformer(name: string, x: Tensor, level: number, depth: number): Tensor;
}

/**
 * Records what the blocks of one evaluation share.
 * @param more ResNet blocks besides the first half's
 */
export function beginEvaluation(
  g: Graph,
  w: Layers,
  config: EncoderConfig,
  inputs: BackboneInputs,
  conditioning: PromptInputs,
  more: readonly Resnet[] = [],
): Evaluation {
  const { groups, epsilon } = config;
  const batch = inputs.latents.shape[0];
  const shifts = timeProjections(g, w, timeEmbedding(g, w, config, inputs), [...encoderResnets(config), ...more]);
  const prompts = onceForEachSize(conditioning.map);
  const selves = onceForEachSize((height, width) => selfMap(batch, height * width));
  const { keys, watch } = conditioning;
  const cross = (contextDim: number): CrossAttention => ({
    kv(name, heads) {
      const known = keys.get(name);
      if (known) return known;
      const parts = [`${name}.to_k`, `${name}.to_v`];
      const weight = w.matrix(parts[0], contextDim, 2 * paddedWidth(heads), { parts, bias: false, outHeads: heads });
      const kv = conditioning.graph.output(linear(conditioning.graph, conditioning.context, weight));
      keys.set(name, kv);
      return kv;
    },
    map: prompts,
    watch,
    self: selves,
  });
  return {
    norm: { groups, epsilon },
    time: (name) => shifts.get(name)!,
    transformer: (name, x, level, depth) =>
      spatialTransformer(g, w, name, x, config.heads[level], depth, groups, cross(config.contextDim[level])),
  };
}

/**
 * Records the down blocks and the middle.
 * @param hint added to the first features: a ControlNet's picture [batch, height, width, blockOut[0]]
 */
export function encodeFeatures(
  g: Graph,
  w: Layers,
  config: EncoderConfig,
  latents: Tensor,
  { norm, time, transformer }: Evaluation,
  hint?: Tensor,
): { skips: Tensor[]; middle: Tensor } {
  const { blockOut } = config;
  const last = blockOut.length - 1;
  let h = conv3x3(g, latents, w.matrix("conv_in", config.inChannels, blockOut[0], { taps: 9 }), { residual: hint });
  const skips = [h];
  blockOut.forEach((channels, level) => {
    const name = `down_blocks.${level}`;
    for (let i = 0; i < config.layers[level]; i++) {
      const block = `${name}.resnets.${i}`;
      h = resnet(g, w, block, h, channels, norm, time(block));
      if (config.downAttention[level]) h = transformer(`${name}.attentions.${i}`, h, level, config.depth[level][i]);
      skips.push(h);
    }
    if (level < last) {
      h = conv3x3(g, h, w.matrix(`${name}.downsamplers.0.conv`, channels, channels, { taps: 9, stride: 2 }), {
        stride: 2,
      });
      skips.push(h);
    }
  });
  for (const [i, block] of middleResnets(config).entries()) {
    if (i > 0) h = transformer("mid_block.attentions.0", h, last, config.depth[last][0]);
    h = resnet(g, w, block, h, blockOut[last], norm, time(block));
  }
  return { skips, middle: h };
}

/** All layers of one resolution share one map, and so its tables on the device. */
function onceForEachSize(make: (height: number, width: number) => AttentionMap): typeof make {
  const known = new Map<string, AttentionMap>();
  return (height, width) => {
    const key = `${height}×${width}`;
    if (!known.has(key)) known.set(key, make(height, width));
    return known.get(key)!;
  };
}

/**
 * silu of the embedding that every ResNet block adds: timestep, and on SDXL pooled prompt and sizes. [batch, 1,
 * 4·blockOut[0]]
 */
function timeEmbedding(
  g: Graph,
  w: Layers,
  config: EncoderConfig,
  { step: { time: sinusoids, guidance }, entry: { added } }: BackboneInputs,
): Tensor {
  const dim = config.blockOut[0];
  let sinusoid = sinusoids;
  if (config.guidanceDim) {
    const weight = w.matrix("time_embedding.cond_proj", config.guidanceDim, dim, { bias: false });
    sinusoid = linear(g, guidance, weight, { residual: sinusoid });
  }
  const hidden = linear(g, sinusoid, w.matrix("time_embedding.linear_1", dim, 4 * dim), { activation: "silu" });
  const second = w.matrix("time_embedding.linear_2", 4 * dim, 4 * dim);
  if (!config.addedDim) return linear(g, hidden, second, { activation: "silu" });
  const first = linear(g, added, w.matrix("add_embedding.linear_1", config.addedDim, 4 * dim), {
    activation: "silu",
  });
  const more = linear(g, first, w.matrix("add_embedding.linear_2", 4 * dim, 4 * dim));
  return linear(g, hidden, second, { before: more, activation: "silu" });
}

/** A ResNet block and its channels. */
export interface Resnet {
  name: string;
  out: number;
}

function middleResnets({ midResnets }: EncoderConfig): string[] {
  return Array.from({ length: midResnets }, (_, i) => `mid_block.resnets.${i}`);
}

/** The ResNet blocks of the first half. */
function encoderResnets(config: EncoderConfig): Resnet[] {
  const { blockOut, layers } = config;
  const down = blockOut.flatMap((out, level) =>
    Array.from({ length: layers[level] }, (_, i) => ({ name: `down_blocks.${level}.resnets.${i}`, out }))
  );
  return [...down, ...middleResnets(config).map((name) => ({ name, out: blockOut[blockOut.length - 1] }))];
}

/** Every block's projection of the time embedding; those of one width are one product. */
function timeProjections(g: Graph, w: Layers, time: Tensor, resnets: readonly Resnet[]): Map<string, Channels> {
  const shifts = new Map<string, Channels>();
  for (const [out, blocks] of Map.groupBy(resnets, ({ out }) => out)) {
    const parts = blocks.map(({ name }) => `${name}.time_emb_proj`);
    const of = linear(g, time, w.matrix(parts[0], channelsOf(time), blocks.length * out, { parts }));
    blocks.forEach(({ name }, i) => shifts.set(name, { of, first: i * out }));
  }
  return shifts;
}
