/**
 * The two blocks that UNet and VAE are built of: ResNet and spatial transformer. Names are those of diffusers.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { attention, type AttentionInputs, type AttentionMap, type Heads } from "../ops/attention.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { groupNorm, layerNorm } from "../ops/norm.ts";
import type { Channels } from "../ops/product.ts";
import { paddedWidth } from "./pad_heads.ts";
import type { Layers } from "./weights.ts";

/** Normalisation settings of a network. */
export interface NormSettings {
  groups: number;
  epsilon: number;
}

/** Channels of an activation. */
export function channelsOf(x: Tensor): number {
  return x.shape[x.shape.length - 1];
}

/**
 * ResNet block (He et al., arXiv 1512.03385, pre-activation): x + conv(silu(norm(conv(silu(norm(x))) + time))).
 * @param x [batch, height, width, in]
 * @param shift projection of the time embedding, where the block has one
 * @returns [batch, height, width, out]
 */
export function resnet(
  g: Graph,
  w: Layers,
  name: string,
  x: Tensor,
  out: number,
  norm: NormSettings,
  shift?: Channels,
): Tensor {
  const inChannels = channelsOf(x), side = x.shape[2];
  let h = groupNorm(g, x, { ...w.norm(`${name}.norm1`, inChannels, norm.epsilon), groups: norm.groups }, true);
  h = conv3x3(g, h, w.matrix(`${name}.conv1`, inChannels, out, { taps: 9, side }), { shift });
  h = groupNorm(g, h, { ...w.norm(`${name}.norm2`, out, norm.epsilon), groups: norm.groups }, true);
  const residual = inChannels === out ? x : linear(g, x, w.matrix(`${name}.conv_shortcut`, inChannels, out));
  return conv3x3(g, h, w.matrix(`${name}.conv2`, out, out, { taps: 9, side }), { residual });
}

/** The queries of one layer [batch, height, width, padded heads] with the keys and values that they meet. */
export type Watch = (layer: { q: Tensor; kv: Tensor; heads: Heads; height: number; width: number }) => void;

/** What a spatial transformer needs to know of its conditioning. */
export interface CrossAttention {
  /** Keys and values [1, tokens, 2·padded heads] of the prompts for the layer called `name`, computed once per run. */
  kv(name: string, heads: Heads): Tensor;
  /** What each pixel's query sees among the prompts, at this resolution. */
  map(height: number, width: number): AttentionMap;
  /** Called with the queries of each layer that looks at the prompts. */
  watch?: Watch;
  /** Every picture of the batch sees itself. */
  self(height: number, width: number): AttentionMap;
}

/**
 * Spatial transformer (Rombach et al., arXiv 2112.10752): self-attention, cross-attention to the prompts, GEGLU
 * feed-forward, `depth` times, around a residual.
 * @param x [batch, height, width, channels]
 */
export function spatialTransformer(
  g: Graph,
  w: Layers,
  name: string,
  x: Tensor,
  heads: number,
  depth: number,
  groups: number,
  cross: CrossAttention,
): Tensor {
  const [, height, width, c] = x.shape;
  const each: Heads = { count: heads, width: c / heads };
  const inner = paddedWidth(each);
  const self = cross.self(height, width);
  const prompts = cross.map(height, width);
  let h = groupNorm(g, x, { ...w.norm(`${name}.norm`, c, 1e-6), groups }, false);
  h = linear(g, h, w.matrix(`${name}.proj_in`, c, c));
  for (let i = 0; i < depth; i++) {
    const block = `${name}.transformer_blocks.${i}`;
    const norm = (n: number) => layerNorm(g, h, w.norm(`${block}.norm${n}`, c, 1e-5));
    const attend = (layer: string, inputs: AttentionInputs, map: AttentionMap) =>
      linear(g, attention(g, inputs, each, map), w.matrix(`${layer}.to_out.0`, inner, c, { inHeads: each }), {
        residual: h,
      });
    const parts = ["q", "k", "v"].map((part) => `${block}.attn1.to_${part}`);
    const joined = w.matrix(parts[0], c, 3 * inner, { parts, bias: false, outHeads: each });
    h = attend(`${block}.attn1`, { qkv: linear(g, norm(1), joined) }, self);
    const query = w.matrix(`${block}.attn2.to_q`, c, inner, { bias: false, outHeads: each });
    const seen = { q: linear(g, norm(2), query), kv: cross.kv(`${block}.attn2`, each) };
    cross.watch?.({ ...seen, heads: each, height, width });
    h = attend(`${block}.attn2`, seen, prompts);
    const gated = linear(g, norm(3), w.matrix(`${block}.ff.net.0.proj`, c, 4 * c, { gated: true }));
    h = linear(g, gated, w.matrix(`${block}.ff.net.2`, 4 * c, c), { residual: h });
  }
  return linear(g, h, w.matrix(`${name}.proj_out`, c, c), { residual: x });
}
