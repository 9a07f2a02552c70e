/**
 * CLIP's text transformer (Radford et al., arXiv 2103.00020): ViT-L of SD 1, OpenCLIP ViT-H of SD 2 and bigG of SDXL,
 * told apart by their configs.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { attention, type Heads, selfMap } from "../ops/attention.ts";
import type { Activation } from "../ops/activation.ts";
import { linear } from "../ops/matmul.ts";
import { layerNorm } from "../ops/norm.ts";
import { type Config, ConfigReader } from "./config.ts";
import { paddedWidth } from "./pad_heads.ts";
import type { Layers } from "./weights.ts";

/** What the forward pass needs to know, read from config.json. */
export interface ClipConfig {
  vocabulary: number;
  width: number;
  mlpWidth: number;
  layers: number;
  heads: number;
  positions: number;
  activation: Activation;
  epsilon: number;
  /** Width of the pooled projection, 0 for models without one (CLIPTextModel). */
  projection: number;
}

/** Reads and checks a transformers CLIP text config. */
export function readClipConfig(config: Config): ClipConfig {
  const c = new ConfigReader("Text encoder", config);
  const architecture = (config.architectures as string[] | undefined)?.[0];
  return {
    vocabulary: c.number("vocab_size", 49408),
    width: c.number("hidden_size", 512),
    mlpWidth: c.number("intermediate_size", 2048),
    layers: c.number("num_hidden_layers", 12),
    heads: c.number("num_attention_heads", 8),
    positions: c.number("max_position_embeddings", 77),
    activation: c.choice("hidden_act", ["quick_gelu", "gelu"], "quick_gelu"),
    epsilon: c.number("layer_norm_eps", 1e-5),
    projection: architecture === "CLIPTextModelWithProjection" ? c.number("projection_dim", 512) : 0,
  };
}

/** What a text encoder gives. */
export interface ClipOutputs {
  /** States after `layers − skip` layers, with the final norm where asked [batch, positions, width]. */
  states: Tensor;
  /** Final norm of the last layer times the projection, for every position; the caller picks the end-of-text one. */
  projected?: Tensor;
}

/**
 * Records the transformer over token embeddings (positions already added) [batch, positions, width].
 * @param skip Layers left out at the end for `states` ("clip skip" minus one).
 * @param finalNorm Whether `states` passes the final norm (SD 1 and 2 yes, SDXL no).
 */
export function clip(
  g: Graph,
  w: Layers,
  config: ClipConfig,
  tokens: Tensor,
  skip: number,
  finalNorm: boolean,
): ClipOutputs {
  const { width: c, epsilon, mlpWidth } = config;
  const heads: Heads = { count: config.heads, width: c / config.heads };
  const inner = paddedWidth(heads);
  const map = selfMap(tokens.shape[0], tokens.shape[1]);
  const final = (x: Tensor) => layerNorm(g, x, w.norm("text_model.final_layer_norm", c, epsilon), c);
  let h = tokens;
  let states = tokens;
  for (let i = 0; i < config.layers; i++) {
    if (i === config.layers - skip) {
      states = h;
      if (!config.projection) break; // nothing needs the layers above
    }
    const layer = `text_model.encoder.layers.${i}`;
    const parts = ["q", "k", "v"].map((part) => `${layer}.self_attn.${part}_proj`);
    const seen = layerNorm(g, h, w.norm(`${layer}.layer_norm1`, c, epsilon));
    const qkv = linear(g, seen, w.matrix(parts[0], c, 3 * inner, { parts, outHeads: heads }));
    const mixed = attention(g, { qkv }, heads, map, true);
    h = linear(g, mixed, w.matrix(`${layer}.self_attn.out_proj`, inner, c, { inHeads: heads }), { residual: h });
    const normed = layerNorm(g, h, w.norm(`${layer}.layer_norm2`, c, epsilon));
    const hidden = linear(g, normed, w.matrix(`${layer}.mlp.fc1`, c, mlpWidth), { activation: config.activation });
    h = linear(g, hidden, w.matrix(`${layer}.mlp.fc2`, mlpWidth, c), { residual: h });
  }
  if (skip === 0) states = h;
  const outputs: ClipOutputs = { states: finalNorm ? final(states) : states };
  if (config.projection) {
    outputs.projected = linear(
      g,
      final(h),
      w.matrix("text_projection", c, config.projection, { bias: false }),
    );
  }
  return outputs;
}
