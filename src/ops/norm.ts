/**
 * GroupNorm (with SiLU) and LayerNorm.
 *
 * @module
 */
import foldSource from "../../shaders/group_norm_fold.wgsl" with { type: "text" };
import statsSource from "../../shaders/group_norm_stats.wgsl" with { type: "text" };
import groupSource from "../../shaders/group_norm.wgsl" with { type: "text" };
import wholeSource from "../../shaders/group_norm_whole.wgsl" with { type: "text" };
import layerSource from "../../shaders/layer_norm.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { normStrips, normTile, wholeNorm } from "./choose.ts";
import { grid64 } from "./grid.ts";

/** γ and β, f32 and plain, and ε. */
export interface Norm {
  gamma: Tensor;
  beta: Tensor;
  epsilon: number;
}

/** Rows that share one loaded scale in the apply pass. */
const RUN = 8;

/** GroupNorm over [batch, …, channels], then SiLU if `silu` (Wu and He, arXiv 1803.08494). */
export function groupNorm(g: Graph, x: Tensor, norm: Norm & { groups: number }, silu: boolean): Tensor {
  const batch = x.shape[0];
  const channels = x.shape[x.shape.length - 1];
  if (channels % norm.groups) {
    throw new Error(`"${x.label}": ${channels} channels are not ${norm.groups} equal groups.`);
  }
  const rows = x.shape.slice(1, -1).reduce((a, b) => a * b, 1);
  const quads = channels / 4;
  const out = g.tensor(`${x.label} normed`, x.shape);
  const whole = wholeNorm(g.device, { rows, batch, channels, width: channels / norm.groups });
  if (whole) {
    const { threads: THREADS, own, ahead: AHEAD } = whole;
    g.dispatch({
      kernel: { name: "group_norm_whole", source: wholeSource },
      constants: { THREADS, AHEAD, SILU: Number(silu) },
      params: {
        rows,
        quads,
        own,
        spread: Math.floor(THREADS / own),
        width: channels / norm.groups,
        epsilon: norm.epsilon,
      },
      bindings: [x, norm.gamma, norm.beta, out],
      grid: [batch * quads / own],
    });
    return out;
  }
  const strips = normStrips(g.device, rows);
  const moments = g.tensor("moments", [batch, strips, quads * 8], "f32", "plain");
  const affine = g.tensor("affine", [batch, channels * 2], "f32", "plain");
  const statsGrid = grid64(batch * strips * quads);
  g.dispatch({
    kernel: { name: "group_norm_stats", source: statsSource },
    params: { rows, quads, strips, batch, grid_width: statsGrid[0] },
    bindings: [x, moments],
    grid: statsGrid,
  });
  g.dispatch({
    kernel: { name: "group_norm_fold", source: foldSource },
    constants: { THREADS: normTile(g.device).threads },
    params: { rows, quads, strips, groups: norm.groups, epsilon: norm.epsilon },
    bindings: [moments, norm.gamma, norm.beta, affine],
    grid: [batch * norm.groups],
  });
  const runs = Math.ceil(rows / RUN);
  const grid = grid64(batch * runs * quads);
  g.dispatch({
    kernel: { name: "group_norm", source: groupSource },
    constants: { RUN, SILU: Number(silu) },
    params: { rows, quads, runs, batch, grid_width: grid[0] },
    bindings: [x, affine, out],
    grid,
  });
  return out;
}

/** LayerNorm over the last dimension, whose first `channels` are real (Ba et al., arXiv 1607.06450). */
export function layerNorm(g: Graph, x: Tensor, norm: Norm, channels = x.shape[x.shape.length - 1]): Tensor {
  const quads = x.shape[x.shape.length - 1] / 4;
  const rows = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const out = g.tensor(`${x.label} normed`, x.shape);
  const { rows: ROWS, waves: WAVES } = normTile(g.device);
  const groups = Math.ceil(rows / (ROWS * WAVES));
  g.dispatch({
    kernel: { name: "layer_norm", source: layerSource },
    constants: { ROWS, WAVES, SLOTS: 1 },
    params: { rows, quads, channels, epsilon: norm.epsilon },
    bindings: [x, norm.gamma, norm.beta, out],
    grid: [Math.min(groups, 32768), Math.ceil(groups / 32768)],
  });
  return out;
}
