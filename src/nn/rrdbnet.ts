/**
 * RRDBNet, the network behind ESRGAN and Real-ESRGAN upscalers (Wang et al., arXiv 1809.00219 and 2107.10833).
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { add, concat } from "../ops/elementwise.ts";
import { conv3x3 } from "../ops/matmul.ts";
import { channelsOf } from "./blocks.ts";
import type { Weights } from "./weights.ts";

/** What the shapes of its weights tell. */
export interface RrdbConfig {
  /** Channels that come in: 3, or 3·shuffle² where the picture is folded first. */
  inChannels: number;
  /** Side of the squares of pixels that are folded into channels: 1, 2 or 4. */
  shuffle: number;
  /** Channels between the blocks. */
  features: number;
  /** Channels each dense layer adds. */
  growth: number;
  /** Residual-in-residual dense blocks. */
  blocks: number;
  /** Doublings at the end. */
  doublings: number;
  /** How much larger the picture becomes along each side. */
  scale: number;
}

/** Share of a block that is added to its input (β of the paper). */
const SHARE = 0.2;

/**
 * Folded picture [1, height, width, inChannels] in 0 … 1 → [1, height·2^doublings, width·2^doublings, 3 (+1)] in 0 … 1.
 */
export function rrdbnet(g: Graph, w: Weights, config: RrdbConfig, picture: Tensor): Tensor {
  const { features, inChannels } = config;
  const conv = (x: Tensor, name: string, from: number, to: number, options: Parameters<typeof conv3x3>[3] = {}) =>
    conv3x3(g, x, w.matrix(name, from, to, { taps: 9 }), options);
  const first = conv(picture, "conv_first", inChannels, features);
  let h = first;
  for (let i = 0; i < config.blocks; i++) {
    const start = h;
    for (let j = 1; j <= 3; j++) h = denseBlock(g, w, `body.${i}.rdb${j}`, h, config);
    h = add(g, start, h, { scale: SHARE });
  }
  h = conv(h, "conv_body", features, features, { residual: first });
  for (let i = 1; i <= config.doublings; i++) {
    const upsampleTo = [h.shape[1] * 2, h.shape[2] * 2] as const;
    h = conv(h, `conv_up${i}`, features, features, { upsampleTo, activation: "leaky_relu" });
  }
  h = conv(h, "conv_hr", features, features, { activation: "leaky_relu" });
  return conv(h, "conv_last", features, 3);
}

/** Five convolutions, each of which sees the input and all before it. */
function denseBlock(g: Graph, w: Weights, name: string, x: Tensor, { features, growth }: RrdbConfig): Tensor {
  let seen = x;
  for (let k = 1; k < 5; k++) {
    const weight = w.matrix(`${name}.conv${k}`, channelsOf(seen), growth, { taps: 9 });
    seen = concat(g, seen, conv3x3(g, seen, weight, { activation: "leaky_relu" }));
  }
  const last = conv3x3(g, seen, w.matrix(`${name}.conv5`, channelsOf(seen), features, { taps: 9 }));
  return add(g, x, last, { scale: SHARE });
}
