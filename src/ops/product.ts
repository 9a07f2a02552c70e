/**
 * The one contraction of the networks, shaders/matmul.wgsl, and its form for GPUs, shaders/matmul_tile.wgsl: recorded
 * as the device's table says. Linear layers and convolutions are made of it.
 *
 * @module
 */
import joinSource from "../../shaders/matmul_join.wgsl" with { type: "text" };
import tileSource from "../../shaders/matmul_tile.wgsl" with { type: "text" };
import lanesSource from "../../shaders/matmul.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import type { Values } from "../gpu/struct.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { type Activation, ACTIVATIONS } from "./activation.ts";
import { matmulTile } from "./choose_tile.ts";
import { grid64 } from "./grid.ts";
import { unpacked } from "./kept.ts";
import { isTransformed, panelCount, type Weight } from "./weight.ts";

/** What happens to a sum before it is stored: act(sum + bias + shift) + residual. */
export interface Epilogue {
  activation?: Activation;
  /**
   * [batch, 1, channels], or so many channels of a wider tensor: added to every row of a batch entry (time embedding).
   */
  shift?: Tensor | Channels;
  /** Shape of the result. */
  residual?: Tensor;
  /**
   * Added to every row's sum before `activation`, or before the gates: [batch, …, channels, gated twice as many]. Not
   * with `shift`.
   */
  before?: Tensor;
}

/** Some of the channels of a tensor, from the `first` on, a multiple of 4. */
export interface Channels {
  of: Tensor;
  first: number;
}

/** How the rows of a product are found in x. */
export interface Walk {
  /** Rows of the result, and of one batch entry. */
  rows: number;
  /** Rows of all strips, where the layer is done in strips. Default: rows. */
  total?: number;
  entryRows: number;
  /** What the taps of a convolution see, as shaders/shared/product.wgsl names it. */
  geometry?: Values;
}

/** Without taps the rows of x are no pixels. */
const NO_PICTURE: Values = {
  in_width: 1,
  in_height: 1,
  view_width: 1,
  view_height: 1,
  out_width: 1,
  out_height: 1,
  stride: 1,
  pad: 0,
  up: 0,
};

/**
 * An epilogue as kernels want it: uniforms and constants of shaders/shared/epilogue.wgsl, and the operands that it
 * binds first.
 */
export function ending(
  g: Graph,
  { bias, gated }: Pick<Weight, "bias" | "gated">,
  epilogue: Epilogue,
  entryRows: number,
) {
  const { residual, before, activation = "none" } = epilogue;
  if (before && epilogue.shift) throw new Error(`"${before.label}" and a shift cannot both be added.`);
  const quick = activation === "quick_gelu"; // SiLU's pipeline, steeper
  const added = before ?? epilogue.shift;
  const { of: shift, first } = added && "of" in added ? added : { of: added, first: 0 };
  return {
    params: {
      entry_rows: before ? 1 : entryRows,
      has_bias: bias !== undefined,
      has_residual: residual !== undefined,
      has_shift: shift !== undefined,
      shift_quads: shift ? shift.shape[shift.shape.length - 1] / 4 : 0,
      shift_first: first / 4,
      slope: (quick ? -1.702 : -1) * Math.LOG2E,
    },
    constants: {
      GATED: Number(gated),
      SHIFT: before && gated ? 2 : Number(shift !== undefined),
      ACTIVATION: ACTIVATIONS.indexOf(quick ? "silu" : activation),
    },
    bindings: [bias ?? g.nothing("bias", "plain"), shift ?? g.nothing("shift"), residual ?? g.nothing("residual")],
  };
}

/** out = act(x·W + …) over the taps of `weight`. */
export function product(g: Graph, x: Tensor, declared: Weight, walk: Walk, epilogue: Epilogue, out: Tensor): void {
  const weight = unpacked(g, declared);
  const { rows, entryRows } = walk;
  const { slices } = tileOf(g, weight, walk);
  if (slices === 1) return dispatch(g, x, weight, walk, epilogue, out);
  const panels = panelCount(weight);
  const sums = g.tensor("slices", [slices, rows, panels * weight.panel], "f32");
  dispatch(g, x, weight, walk, {}, undefined, sums);
  const { params, constants, bindings } = ending(g, weight, epilogue, entryRows);
  const grid = grid64(rows * panels * weight.panel / 8);
  g.dispatch({
    kernel: { name: "matmul_join", source: joinSource },
    constants,
    params: {
      rows,
      quads: padChannels(weight.outChannels) / 4,
      panels,
      slices,
      ...params,
      grid_width: grid[0],
    },
    bindings: [...bindings, out, sums],
    writes: out,
    grid,
  });
}

/**
 * The products of each tap by itself, without bias or anything else.
 * @param x [taps, rows, in]
 * @param total rows of all strips of the layer
 * @returns f32 [taps, rows, columns of all panels]
 */
export function tapProducts(g: Graph, x: Tensor, weight: Weight, total: number): Tensor {
  const [taps, rows] = x.shape;
  const sums = g.tensor("products", [taps, rows, panelCount(weight) * weight.panel], "f32");
  dispatch(g, x, weight, { rows, total, entryRows: rows }, {}, undefined, sums);
  return sums;
}

/** The tile of a product with `weight`. */
function tileOf(g: Graph, weight: Weight, { rows, total = rows }: Walk) {
  const { panel, taps } = weight;
  const shape = { rows, total, panels: panelCount(weight), depth: padChannels(weight.inChannels) / 4, taps };
  return matmulTile(g.device, shape, panel, g.precision);
}

/** The result goes to `out`, or its parts to `sums`. */
function dispatch(
  g: Graph,
  x: Tensor,
  weight: Weight,
  walk: Walk,
  epilogue: Epilogue,
  out: Tensor | undefined,
  sums?: Tensor,
): void {
  const { panels, panel, taps } = weight;
  const { rows, entryRows, geometry = NO_PICTURE } = walk;
  const tile = tileOf(g, weight, walk);
  const { kernel, rows: ROWS, waves: WAVES, chunk: CHUNK, ahead = false, halfs = false, slices } = tile;
  const { params: uniforms, constants: end, bindings } = ending(g, weight, epilogue, entryRows);
  const apart = isTransformed(weight);
  const params = {
    rows,
    depth: padChannels(weight.inChannels) / 4,
    quads: padChannels(weight.outChannels) / 4,
    panels: panelCount(weight),
    ...uniforms,
    ...geometry,
    slices,
    lanes: panel / 8,
  };
  const operands = [...bindings, out ?? g.nothing("out"), x, panels, sums ?? g.nothing("sums", "quads", "f32")];
  const which = { TAPS: apart ? 1 : taps, PLANES: taps, PARTS: Number(sums !== undefined), ...end };
  const flops = 2 * rows * weight.inChannels * taps * weight.outChannels * (weight.gated ? 2 : 1);
  if (kernel === "matmul") {
    g.dispatch({
      kernel: { name: kernel, source: lanesSource },
      constants: { ROWS, WAVES, SLOTS: ROWS, ...which },
      params,
      bindings: operands,
      writes: sums ?? out,
      grid: [panelCount(weight) * (apart ? taps : 1), ...bands(Math.ceil(rows / (ROWS * WAVES * 64 / panel)))],
      flops,
    });
    return;
  }
  g.dispatch({
    kernel: { name: kernel, source: tileSource },
    constants: {
      ROWS,
      CHUNK,
      LOADS: ROWS * CHUNK / 8,
      W_LOADS: CHUNK / 2,
      AHEAD: Number(ahead),
      NOW: Number(!ahead),
      HALFS: Number(halfs),
      FULL: Number(!halfs),
      ...which,
    },
    params,
    bindings: operands,
    writes: sums ?? out,
    grid: [panelCount(weight) * (apart ? taps : slices), ...bands(Math.ceil(rows / (8 * ROWS)))],
    flops,
  });
}

/**
 * Bands of rows along y, and along z where they are more than a device starts: a picture of 1024² has 65536 for one
 * that walks 16.
 */
export function bands(count: number): [number, number] {
  const along = Math.ceil(count / 65535);
  return [Math.ceil(count / along), along];
}
