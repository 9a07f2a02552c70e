/**
 * Where words are seen in a picture: sums of attention, kept on the device from run to run.
 *
 * @module
 */
import heatSource from "../../shaders/heat.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { padChannels, sizeOf, type Tensor } from "../gpu/tensor.ts";
import type { Heads } from "./attention.ts";

/**
 * heat[object, row] += mean over heads of Σ words[object, token] · softmax(q·Kᵀ/√d)[row, token] (DAAM, arXiv
 * 2210.04885).
 *
 * @param q [1, …, heads·d], one picture
 * @param kv [1, tokens, 2·heads·d]: keys, then values. Every query sees all of them.
 * @param words how much each token counts for each object, plain f32 [objects, tokens]
 * @param heat plain f32 [objects, rows of q]
 */
export function addHeat(g: Graph, q: Tensor, kv: Tensor, { count, width }: Heads, words: Tensor, heat: Tensor): void {
  const channels = q.shape[q.shape.length - 1];
  const tokens = kv.shape[1];
  const [objects, rows] = heat.shape;
  const queries = sizeOf(q.shape.slice(0, -1));
  const d = padChannels(width);
  if (channels !== count * d || queries !== rows || kv.shape[0] !== 1 || words.shape[0] !== objects * tokens) {
    throw new Error(
      `"${q.label}" [${q.shape}] and "${kv.label}" [${kv.shape}] do not fit ${objects} objects in ${rows} rows.`,
    );
  }
  g.dispatch({
    kernel: { name: "heat", source: heatSource },
    constants: { QUADS: d / 4 },
    params: { rows, tokens, heads: count, scale: 1 / Math.sqrt(width) },
    bindings: [q, kv, words, heat],
    grid: [Math.ceil(rows / 64), objects],
    flops: 2 * objects * rows * channels * tokens,
  });
}
