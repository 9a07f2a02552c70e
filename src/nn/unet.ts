/**
 * UNet2DConditionModel of diffusers: one forward for every family, its architecture read from the config.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type AttentionMap, selfMap } from "../ops/attention.ts";
import { add, concat } from "../ops/elementwise.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { groupNorm } from "../ops/norm.ts";
import type { Backbone, BackboneInputs, HostVector, PromptInputs, StepFacts } from "./backbone.ts";
import { type CrossAttention, resnet, spatialTransformer } from "./blocks.ts";
import { type Config, ConfigReader } from "./config.ts";
import { paddedWidth } from "./pad_heads.ts";
import type { Layers } from "./weights.ts";

/** Everything the forward pass needs to know, read from config.json. */
export interface UNetConfig {
  inChannels: number;
  outChannels: number;
  blockOut: number[];
  layers: number[];
  /** Attention in each down block, and in each up block. */
  downAttention: boolean[];
  upAttention: boolean[];
  midAttention: boolean;
  heads: number[];
  contextDim: number[];
  depth: number[];
  upDepth: number[];
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

/** Reads and checks a diffusers UNet config. */
export function readUNetConfig(config: Config): UNetConfig {
  const c = new ConfigReader("UNet", config);
  const blockOut = c.channels("block_out_channels");
  const n = blockOut.length;
  const kinds = (key: string, plain: string, cross: string) => {
    const types = c.strings(key);
    if (types.length !== n) throw new ModelError(`UNet config: "${key}" lists ${types.length} blocks, not ${n}.`);
    return types.map((type) => {
      if (type !== plain && type !== cross) throw new ModelError(`UNet config: block ${brief(type)} is not supported.`);
      return type === cross;
    });
  };
  c.only("act_fn", "silu", "swish");
  c.only("conv_in_kernel", 3);
  c.only("conv_out_kernel", 3);
  c.only("downsample_padding", 1);
  c.only("mid_block_scale_factor", 1);
  c.only("time_embedding_type", "positional");
  c.only("resnet_time_scale_shift", "default");
  c.only("time_embedding_act_fn", "silu");
  c.only("timestep_post_act", null);
  c.only("encoder_hid_dim_type", null);
  c.only("class_embed_type", null);
  c.only("num_class_embeds", null);
  c.only("addition_embed_type", "text_time");
  for (
    const key of [
      "center_input_sample",
      "only_cross_attention",
      "dual_cross_attention",
      "mid_block_only_cross_attention",
    ]
  ) {
    c.only(key, false);
  }
  for (const key of ["resnet_skip_time_act", "class_embeddings_concat", "cross_attention_norm"]) c.only(key, false);
  const mid = c.choice("mid_block_type", ["UNetMidBlock2DCrossAttn", "UNetMidBlock2D"], "UNetMidBlock2DCrossAttn");
  const depth = c.numbers("transformer_layers_per_block", n, 1);
  const added = config.addition_embed_type === "text_time";
  return {
    inChannels: c.number("in_channels", 4),
    outChannels: c.number("out_channels", 4),
    blockOut,
    layers: c.numbers("layers_per_block", n, 2),
    downAttention: kinds("down_block_types", "DownBlock2D", "CrossAttnDownBlock2D"),
    upAttention: kinds("up_block_types", "UpBlock2D", "CrossAttnUpBlock2D"),
    midAttention: mid === "UNetMidBlock2DCrossAttn",
    // diffusers calls the number of heads "attention_head_dim" and keeps the mistake for the files' sake.
    heads: c.numbers(config.num_attention_heads ? "num_attention_heads" : "attention_head_dim", n, 8),
    contextDim: c.numbers("cross_attention_dim", n, 1280),
    depth,
    upDepth: c.numbers("reverse_transformer_layers_per_block", n, [...depth].reverse()),
    groups: c.number("norm_num_groups", 32),
    epsilon: c.number("norm_eps", 1e-5),
    flipSinToCos: c.flag("flip_sin_to_cos", true),
    freqShift: c.number("freq_shift", 0),
    addedTimeDim: added ? c.number("addition_time_embed_dim") : 0,
    addedDim: added ? c.number("projection_class_embeddings_input_dim") : 0,
    guidanceDim: c.number("time_cond_proj_dim", 0),
  };
}

/**
 * Sinusoidal embedding of `values` [values.length · dim] (Vaswani et al., arXiv 1706.03762; order as in diffusers). Computed
 * on the host in double precision: WGSL promises nothing of sin and cos beyond ±π.
 */
export function sinusoids(
  values: readonly number[],
  dim: number,
  config: { flipSinToCos: boolean; freqShift: number },
): Float32Array {
  const half = Math.floor(dim / 2);
  const out = new Float32Array(values.length * dim);
  values.forEach((value, row) => {
    for (let i = 0; i < half; i++) {
      const angle = value * Math.exp(-Math.log(10000) * i / (half - config.freqShift));
      const [first, second] = config.flipSinToCos
        ? [Math.cos(angle), Math.sin(angle)]
        : [Math.sin(angle), Math.cos(angle)];
      out[row * dim + i] = first;
      out[row * dim + half + i] = second;
    }
  });
  return out;
}

/** The U-Net that a diffusers config describes. */
export function readUNet(config: Config): Backbone {
  const c = readUNetConfig(config);
  const guidance: HostVector<StepFacts> = {
    width: c.guidanceDim,
    // Distilled guidance (LCM, arXiv 2310.04378): sinusoids of 1000·(s − 1).
    of: ({ guidance }) => sinusoids([(guidance - 1) * 1000], c.guidanceDim, { flipSinToCos: false, freqShift: 1 }),
  };
  const added: Backbone["entryVectors"] = {
    // SDXL: the pooled prompt, then sinusoids of the six sizes.
    added: {
      width: c.addedDim,
      of: ({ pooled, sizes }) => Float32Array.of(...pooled!, ...sinusoids(sizes, c.addedTimeDim, c)),
    },
  };
  return {
    inChannels: c.inChannels,
    outChannels: c.outChannels,
    contextDim: c.contextDim[0],
    leastSide: 2 ** (c.blockOut.length - 1),
    stepVectors: {
      time: { width: c.blockOut[0], of: ({ timestep }) => sinusoids([timestep], c.blockOut[0], c) },
      ...(c.guidanceDim ? { guidance } : {}),
    },
    entryVectors: c.addedDim ? added : {},
    record: (g, w, inputs, prompts) => unet(g, w, c, inputs, prompts),
  };
}

/** See {@linkcode Backbone.record}. */
function unet(g: Graph, w: Layers, config: UNetConfig, inputs: BackboneInputs, conditioning: PromptInputs): Tensor {
  const { blockOut, groups, epsilon } = config;
  const last = blockOut.length - 1;
  const norm = { groups, epsilon };
  const batch = inputs.latents.shape[0];
  const time = timeEmbedding(g, w, config, inputs);
  const prompts = onceForEachSize(conditioning.map);
  const selves = onceForEachSize((height, width) => selfMap(batch, height * width));
  const { keys } = conditioning;
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
    self: selves,
  });
  const transformer = (name: string, x: Tensor, level: number, depth: number) =>
    spatialTransformer(g, w, name, x, config.heads[level], depth, groups, cross(config.contextDim[level]));

  let h = conv3x3(g, inputs.latents, w.matrix("conv_in", config.inChannels, blockOut[0], { taps: 9 }));
  const skips = [h];
  blockOut.forEach((channels, level) => {
    const name = `down_blocks.${level}`;
    for (let i = 0; i < config.layers[level]; i++) {
      h = resnet(g, w, `${name}.resnets.${i}`, h, channels, norm, time);
      if (config.downAttention[level]) h = transformer(`${name}.attentions.${i}`, h, level, config.depth[level]);
      skips.push(h);
    }
    if (level < last) {
      h = conv3x3(g, h, w.matrix(`${name}.downsamplers.0.conv`, channels, channels, { taps: 9 }), { stride: 2 });
      skips.push(h);
    }
  });

  h = resnet(g, w, "mid_block.resnets.0", h, blockOut[last], norm, time);
  if (config.midAttention) h = transformer("mid_block.attentions.0", h, last, config.depth[last]);
  h = resnet(g, w, "mid_block.resnets.1", h, blockOut[last], norm, time);

  if (inputs.residuals) {
    const { skips: more, middle } = inputs.residuals;
    skips.forEach((skip, i) => skips[i] = add(g, skip, more[i]));
    h = add(g, h, middle);
  }

  [...blockOut].reverse().forEach((channels, up) => {
    const level = last - up;
    const name = `up_blocks.${up}`;
    for (let i = 0; i <= config.layers[level]; i++) {
      h = resnet(g, w, `${name}.resnets.${i}`, concat(g, h, skips.pop()!), channels, norm, time);
      if (config.upAttention[up]) h = transformer(`${name}.attentions.${i}`, h, level, config.upDepth[up]);
    }
    if (level > 0) {
      // The size that the next skip connection has: twice this one, or one less where halving had rounded up.
      const [, height, width] = skips[skips.length - 1].shape;
      const weight = w.matrix(`${name}.upsamplers.0.conv`, channels, channels, { taps: 9 });
      h = conv3x3(g, h, weight, { upsampleTo: [height, width] });
    }
  });

  h = groupNorm(g, h, { ...w.norm("conv_norm_out", blockOut[0], epsilon), groups }, true);
  return conv3x3(g, h, w.matrix("conv_out", blockOut[0], config.outChannels, { taps: 9 }));
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

/** silu of the embedding that every ResNet block adds: timestep, and on SDXL pooled prompt and sizes. [batch, 1, 4·blockOut[0]] */
function timeEmbedding(
  g: Graph,
  w: Layers,
  config: UNetConfig,
  { step: { time: sinusoids, guidance }, entry: { added } }: BackboneInputs,
): Tensor {
  const dim = config.blockOut[0];
  let sinusoid = sinusoids;
  if (config.guidanceDim) {
    const weight = w.matrix("time_embedding.cond_proj", config.guidanceDim, dim, { bias: false });
    sinusoid = linear(g, guidance, weight, { residual: sinusoid });
  }
  const hidden = linear(g, sinusoid, w.matrix("time_embedding.linear_1", dim, 4 * dim), { activation: "silu" });
  const time = linear(g, hidden, w.matrix("time_embedding.linear_2", 4 * dim, 4 * dim));
  if (!config.addedDim) return add(g, time, undefined, { activation: "silu" });
  const first = linear(g, added, w.matrix("add_embedding.linear_1", config.addedDim, 4 * dim), {
    activation: "silu",
  });
  const more = linear(g, first, w.matrix("add_embedding.linear_2", 4 * dim, 4 * dim));
  return add(g, time, more, { activation: "silu" });
}
