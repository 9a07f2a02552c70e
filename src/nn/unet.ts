/**
 * UNet2DConditionModel of diffusers: one forward for every family, its architecture read from the config.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { add, concat } from "../ops/elementwise.ts";
import { conv3x3 } from "../ops/matmul.ts";
import { groupNorm } from "../ops/norm.ts";
import type { Backbone, BackboneInputs, HostVector, PromptInputs, StepFacts } from "./backbone.ts";
import { resnet } from "./blocks.ts";
import { type Config, ConfigReader } from "./config.ts";
import {
  attentionOf,
  beginEvaluation,
  encodeFeatures,
  type EncoderConfig,
  featureChannels,
  readEncoderConfig,
} from "./unet_encoder.ts";
import type { Layers } from "./weights.ts";

/** Everything the forward pass needs to know, read from config.json. */
export interface UNetConfig extends EncoderConfig {
  outChannels: number;
  /** Attention in each up block. */
  upAttention: boolean[];
  upDepth: number[][];
}

/** Reads and checks a diffusers UNet config. */
function readUNetConfig(config: Config): UNetConfig {
  const c = new ConfigReader("UNet", config);
  c.only("conv_out_kernel", 3);
  const encoder = readEncoderConfig(c);
  const levels = encoder.blockOut.length;
  const upLayers = [...encoder.layers].reverse().map((layers) => layers + 1);
  const { transformer_layers_per_block: down = 1 } = config;
  const mirrored = Array.isArray(down) ? [...down].reverse() : down;
  return {
    ...encoder,
    outChannels: c.number("out_channels", 4),
    upAttention: attentionOf(c, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", levels),
    upDepth: c.nested("reverse_transformer_layers_per_block", upLayers, mirrored),
  };
}

/**
 * Sinusoidal embedding of `values` [values.length · dim] (Vaswani et al., arXiv 1706.03762; order as in diffusers).
 * Computed on the host in double precision: WGSL promises nothing of sin and cos beyond ±π.
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
    features: featureChannels(c),
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
  const resnets = [...blockOut].reverse().flatMap((out, up) =>
    Array.from({ length: config.layers[last - up] + 1 }, (_, i) => ({ name: `up_blocks.${up}.resnets.${i}`, out }))
  );
  const evaluation = beginEvaluation(g, w, config, inputs, conditioning, resnets);
  const { norm, time, transformer } = evaluation;
  const { skips, middle } = encodeFeatures(g, w, config, inputs.latents, evaluation);
  let h = middle;
  for (const { skips: more, middle, strengths } of inputs.residuals ?? []) {
    skips.forEach((skip, i) => skips[i] = add(g, skip, more[i], { scale: strengths[i] }));
    h = add(g, h, middle, { scale: strengths[skips.length] });
  }

  [...blockOut].reverse().forEach((channels, up) => {
    const level = last - up;
    const name = `up_blocks.${up}`;
    for (let i = 0; i <= config.layers[level]; i++) {
      const block = `${name}.resnets.${i}`;
      h = resnet(g, w, block, concat(g, h, skips.pop()!), channels, norm, time(block));
      if (config.upAttention[up]) h = transformer(`${name}.attentions.${i}`, h, level, config.upDepth[up][i]);
    }
    if (level > 0) {
      // The size that the next skip connection has: twice this one, or one less where halving had rounded up.
      const [, height, width] = skips[skips.length - 1].shape;
      const weight = w.matrix(`${name}.upsamplers.0.conv`, channels, channels, { taps: 9, side: width });
      h = conv3x3(g, h, weight, { upsampleTo: [height, width] });
    }
  });

  h = groupNorm(g, h, { ...w.norm("conv_norm_out", blockOut[0], epsilon), groups }, true);
  return conv3x3(g, h, w.matrix("conv_out", blockOut[0], config.outChannels, { taps: 9 }));
}
