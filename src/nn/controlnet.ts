/**
 * ControlNetModel of diffusers (Zhang et al., arXiv 2302.05543): a copy of a U-Net's first half that sees a picture,
 * and whose features are added to the U-Net's own.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { meanEverywhere } from "../ops/elementwise.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { type BackboneInputs, type PromptInputs, type Residuals, smallestInputs } from "./backbone.ts";
import { channelsOf } from "./blocks.ts";
import { type Config, ConfigReader } from "./config.ts";
import {
  beginEvaluation,
  encodeFeatures,
  type EncoderConfig,
  featureChannels,
  readEncoderConfig,
} from "./unet_encoder.ts";
import type { Layers } from "./weights.ts";

/** A network that steers another. Like a {@linkcode Backbone} it is a description and owns nothing. */
export interface ControlNetwork {
  /** Channels of latents that it reads. */
  readonly inChannels: number;
  /** Width of a prompt's tokens. */
  readonly contextDim: number;
  /** Width of SDXL's added embeddings, 0 elsewhere. */
  readonly addedDim: number;
  /** Width of the step's sinusoids. */
  readonly timeDim: number;
  /** Channels of what it gives, as {@linkcode Backbone.features}. */
  readonly features: readonly number[];
  /** Pixels of its picture to a latent, along each side. */
  readonly factor: number;
  /** Whether it steers by the mean of its features alone, and only what the picture shall show, as Shuffle does. */
  readonly pooled: boolean;
  /** Latents along the sides of the smallest picture that it can be recorded over. */
  readonly leastSide: number;
  /** Records the embedding of the control picture [1, height, width, 3 (+1)] in 0 … 1, once for all steps. */
  embed(g: Graph, w: Layers, picture: Tensor): Tensor;
  /**
   * Records one evaluation, as {@linkcode Backbone.record}.
   * @param hint the embedded picture, for each entry of the batch [batch, height, width, features[0]]
   */
  record(
    g: Graph,
    w: Layers,
    inputs: BackboneInputs,
    hint: Tensor,
    prompts: PromptInputs,
  ): Pick<Residuals, "skips" | "middle">;
}

/**
 * Channels of diffusers' own embedding, which begins at the picture's size and halves it after every two convolutions.
 */
const EMBEDDING = [16, 32, 96, 256];

/** The ControlNet that a diffusers config describes. */
export function readControlNet(config: Config): ControlNetwork {
  const c = new ConfigReader("ControlNet", config);
  const encoder = readEncoderConfig(c);
  c.only("conditioning_channels", 3);
  c.only("controlnet_conditioning_channel_order", "rgb");
  c.only("time_cond_proj_dim", null);
  const widths = config.conditioning_embedding_out_channels
    ? c.channels("conditioning_embedding_out_channels")
    : EMBEDDING;
  const pooled = config.global_pool_conditions === true;
  return {
    inChannels: encoder.inChannels,
    contextDim: encoder.contextDim[0],
    addedDim: encoder.addedDim,
    timeDim: encoder.blockOut[0],
    features: featureChannels(encoder),
    factor: 2 ** (widths.length - 1),
    pooled,
    leastSide: 2 ** (encoder.blockOut.length - 1),
    embed: (g, w, picture) => embed(g, w, widths, encoder.blockOut[0], picture),
    record: (g, w, inputs, hint, prompts) => residuals(g, w, { ...encoder, pooled }, inputs, hint, prompts),
  };
}

/** See {@linkcode ControlNetwork.embed}. */
function embed(g: Graph, w: Layers, widths: readonly number[], out: number, picture: Tensor): Tensor {
  const name = "controlnet_cond_embedding";
  const conv = (layer: string, x: Tensor, channels: number, stride: 1 | 2 = 1) => {
    const from = layer === "conv_in" ? 3 : channelsOf(x);
    const weight = w.matrix(`${name}.${layer}`, from, channels, { taps: 9, stride });
    return conv3x3(g, x, weight, { stride, activation: layer === "conv_out" ? "none" : "silu" });
  };
  let h = conv("conv_in", picture, widths[0]);
  for (let i = 0; i + 1 < widths.length; i++) {
    h = conv(`blocks.${2 * i}`, h, widths[i]);
    h = conv(`blocks.${2 * i + 1}`, h, widths[i + 1], 2);
  }
  return conv("conv_out", h, out);
}

/** See {@linkcode ControlNetwork.record}: each feature through a convolution that was zero before training. */
function residuals(
  g: Graph,
  w: Layers,
  config: EncoderConfig & Pick<ControlNetwork, "pooled">,
  inputs: BackboneInputs,
  hint: Tensor,
  prompts: PromptInputs,
): Pick<Residuals, "skips" | "middle"> {
  const evaluation = beginEvaluation(g, w, config, inputs, prompts);
  const { skips, middle } = encodeFeatures(g, w, config, inputs.latents, evaluation, hint);
  const zero = (name: string, x: Tensor) => {
    const out = linear(g, x, w.matrix(name, channelsOf(x), channelsOf(x)));
    return config.pooled ? meanEverywhere(g, out) : out;
  };
  return {
    skips: skips.map((skip, i) => zero(`controlnet_down_blocks.${i}`, skip)),
    middle: zero("controlnet_mid_block", middle),
  };
}

/**
 * Guess mode's strengths of `count` features: from a tenth for the first to the whole for the last, evenly in their
 * logarithms.
 */
export function guessStrengths(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 10 ** (i / (count - 1) - 1));
}

/** Records a ControlNet over its smallest inputs, which declares its weights. */
export function recordSmallestControl(g: Graph, w: Layers, network: ControlNetwork): void {
  const { leastSide: side, factor, addedDim, timeDim } = network;
  const { inputs, prompts } = smallestInputs(g, {
    leastSide: side,
    inChannels: network.inChannels,
    contextDim: network.contextDim,
    stepVectors: { time: { width: timeDim } },
    entryVectors: addedDim ? { added: { width: addedDim } } : {},
  });
  const hint = network.embed(g, w, g.input("picture", [1, side * factor, side * factor, padChannels(3)]));
  network.record(g, w, inputs, hint, prompts);
}
