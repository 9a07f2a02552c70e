/**
 * AutoencoderKL of diffusers (Kingma and Welling, arXiv 1312.6114; Rombach et al., arXiv 2112.10752).
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { attention, selfMap } from "../ops/attention.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { groupNorm } from "../ops/norm.ts";
import { channelsOf, type NormSettings, resnet } from "./blocks.ts";
import { type Config, ConfigReader } from "./config.ts";
import type { Layers } from "./weights.ts";

/** Everything the two passes need to know, read from config.json. */
export interface VaeConfig {
  latentChannels: number;
  blockOut: number[];
  layers: number;
  groups: number;
  midAttention: boolean;
  quantConv: boolean;
  postQuantConv: boolean;
  /** Latents are divided by this before decoding. */
  scalingFactor: number;
  shiftFactor: number;
  /** Of each channel, where latents are whitened as well (Playground v2.5). */
  latentsMean: number[];
  latentsStd: number[];
  /** Overflows in f16 (SDXL's original VAE). */
  forceUpcast: boolean;
  /** Pixels to a latent, along each side. */
  factor: number;
}

/** Reads and checks a diffusers VAE config. */
export function readVaeConfig(config: Config): VaeConfig {
  const c = new ConfigReader("VAE", config);
  const blockOut = c.channels("block_out_channels");
  const check = (key: string, kind: string) => {
    const wrong = c.strings(key, []).find((type) => type !== kind);
    if (wrong) throw new ModelError(`VAE config: block ${brief(wrong)} is not supported.`);
  };
  check("down_block_types", "DownEncoderBlock2D");
  check("up_block_types", "UpDecoderBlock2D");
  c.only("act_fn", "silu", "swish");
  c.only("in_channels", 3);
  c.only("out_channels", 3);
  const latentChannels = c.number("latent_channels", 4);
  return {
    latentChannels,
    blockOut,
    layers: c.number("layers_per_block", 1),
    groups: c.number("norm_num_groups", 32),
    midAttention: c.flag("mid_block_add_attention", true),
    quantConv: c.flag("use_quant_conv", true),
    postQuantConv: c.flag("use_post_quant_conv", true),
    scalingFactor: c.number("scaling_factor", 0.18215),
    shiftFactor: c.number("shift_factor", 0),
    latentsMean: c.numbers("latents_mean", latentChannels, 0),
    latentsStd: c.numbers("latents_std", latentChannels, 1),
    forceUpcast: c.flag("force_upcast", true),
    factor: 2 ** (blockOut.length - 1),
  };
}

const EPSILON = 1e-6;

/** Latents [1, height, width, latentChannels] → picture [1, height·factor, width·factor, 3 (+1)] in −1 … 1. */
export function decode(g: Graph, w: Layers, config: VaeConfig, latents: Tensor): Tensor {
  const { blockOut, latentChannels: c } = config;
  const norm = { groups: config.groups, epsilon: EPSILON };
  const last = blockOut.length - 1;
  let h = config.postQuantConv ? linear(g, latents, w.matrix("post_quant_conv", c, c)) : latents;
  h = conv3x3(g, h, w.matrix("decoder.conv_in", c, blockOut[last], { taps: 9 }));
  h = middle(g, w, "decoder.mid_block", h, norm, config.midAttention);
  [...blockOut].reverse().forEach((channels, up) => {
    const name = `decoder.up_blocks.${up}`;
    for (let i = 0; i <= config.layers; i++) h = resnet(g, w, `${name}.resnets.${i}`, h, channels, norm);
    if (up < last) {
      const upsampleTo = [h.shape[1] * 2, h.shape[2] * 2] as const;
      const weight = w.matrix(`${name}.upsamplers.0.conv`, channels, channels, { taps: 9, side: upsampleTo[1] });
      h = conv3x3(g, h, weight, { upsampleTo });
    }
  });
  h = groupNorm(g, h, { ...w.norm("decoder.conv_norm_out", blockOut[0], EPSILON), groups: norm.groups }, true);
  return conv3x3(g, h, w.matrix("decoder.conv_out", blockOut[0], 3, { taps: 9 }));
}

/**
 * Picture [1, height, width, 3 (+1)] in −1 … 1 → mean and log-variance of its latents [1, height/factor, width/factor,
 * 2·latentChannels].
 */
export function encode(g: Graph, w: Layers, config: VaeConfig, picture: Tensor): Tensor {
  const { blockOut, latentChannels: c } = config;
  const norm = { groups: config.groups, epsilon: EPSILON };
  const last = blockOut.length - 1;
  let h = conv3x3(g, picture, w.matrix("encoder.conv_in", 3, blockOut[0], { taps: 9 }));
  blockOut.forEach((channels, level) => {
    const name = `encoder.down_blocks.${level}`;
    for (let i = 0; i < config.layers; i++) h = resnet(g, w, `${name}.resnets.${i}`, h, channels, norm);
    if (level < last) {
      const weight = w.matrix(`${name}.downsamplers.0.conv`, channels, channels, { taps: 9, stride: 2 });
      h = conv3x3(g, h, weight, { stride: 2, padAfter: true });
    }
  });
  h = middle(g, w, "encoder.mid_block", h, norm, config.midAttention);
  h = groupNorm(g, h, { ...w.norm("encoder.conv_norm_out", blockOut[last], EPSILON), groups: norm.groups }, true);
  h = conv3x3(g, h, w.matrix("encoder.conv_out", blockOut[last], 2 * c, { taps: 9 }));
  return config.quantConv ? linear(g, h, w.matrix("quant_conv", 2 * c, 2 * c)) : h;
}

/** Two ResNet blocks around one head of attention. */
function middle(g: Graph, w: Layers, name: string, x: Tensor, norm: NormSettings, attend: boolean): Tensor {
  const c = channelsOf(x);
  let h = resnet(g, w, `${name}.resnets.0`, x, c, norm);
  if (attend) {
    const layer = `${name}.attentions.0`;
    const seen = groupNorm(g, h, { ...w.norm(`${layer}.group_norm`, c, norm.epsilon), groups: norm.groups }, false);
    const parts = ["q", "k", "v"].map((part) => `${layer}.to_${part}`);
    const qkv = linear(g, seen, w.matrix(parts[0], c, 3 * c, { parts }));
    const mixed = attention(g, { qkv }, { count: 1, width: c }, selfMap(x.shape[0], x.shape[1] * x.shape[2]));
    h = linear(g, mixed, w.matrix(`${layer}.to_out.0`, c, c), { residual: h });
  }
  return resnet(g, w, `${name}.resnets.1`, h, c, norm);
}
