/**
 * Linear layers and convolutions: one contraction, shaders/matmul.wgsl, and its form for GPUs, shaders/matmul_tile.wgsl.
 *
 * @module
 */
import joinSource from "../../shaders/matmul_join.wgsl" with { type: "text" };
import tileSource from "../../shaders/matmul_tile.wgsl" with { type: "text" };
import lanesSource from "../../shaders/matmul.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import type { Values } from "../gpu/struct.ts";
import { padChannels, sizeOf, type Tensor } from "../gpu/tensor.ts";
import { type Activation, ACTIVATIONS } from "./activation.ts";
import { matmulTile } from "./choose.ts";
import { type RowScales, scaleRows } from "./row_adapter.ts";

/** A packed weight as the network declares it (nn/weights.ts). */
export interface Weight {
  name: string;
  inChannels: number;
  outChannels: number;
  /** 1, or 9 for a 3×3 convolution. */
  taps: 1 | 9;
  /** Columns are values and gates: the layer gives value · gelu(gate), half as many channels. */
  gated: boolean;
  /** Packed by shaders/pack.wgsl. */
  panels: Tensor;
  /** f32, padded to whole panels. */
  bias?: Tensor;
  /** Low-rank changes that hold in some rows. */
  adapter?: RowAdapter;
}

/** A·x, then each row's share of it, then B. */
export interface RowAdapter {
  /** A, with the layer's own taps; without bias. */
  down: Weight;
  /** B, 1×1, for values and gates alike where the layer is gated; without bias. */
  up: Weight;
  /** What the rows of a result of this shape [batch, …] take. */
  scales(g: Graph, outer: readonly number[]): RowScales;
}

/** What happens to a sum before it is stored: act(sum + bias + shift) + residual. */
export interface Epilogue {
  activation?: Activation;
  /** [batch, 1, channels]: added to every row of a batch entry (time embedding). */
  shift?: Tensor;
  /** Shape of the result. */
  residual?: Tensor;
  /** Added to every row's sum before `activation`, or before the gates: [batch, …, channels, gated twice as many]. Not with `shift`. */
  before?: Tensor;
}

/** Columns of a panel. */
export const PANEL = 64;

/** Panels that `weight` takes. */
export function panelCount(weight: Pick<Weight, "outChannels" | "gated">): number {
  return Math.ceil((weight.outChannels * (weight.gated ? 2 : 1)) / PANEL);
}

/** y = act(x·W + b …): x [batch, …, in] → [batch, …, out]. A 1×1 convolution is this over the pixels. */
export function linear(g: Graph, x: Tensor, weight: Weight, epilogue: Epilogue = {}): Tensor {
  const { adapter, ...plain } = weight;
  if (adapter) {
    return adapted(g, linear(g, x, adapter.down), adapter, weight, epilogue, (more) => linear(g, x, plain, more));
  }
  const outer = x.shape.slice(0, -1);
  expectChannels(x, weight);
  const out = g.tensor(weight.name, [...outer, padChannels(weight.outChannels)]);
  contract(g, x, weight, epilogue, out, {
    rows: sizeOf(outer),
    entryRows: sizeOf(outer.slice(1)),
    geometry: NO_PICTURE,
  });
  return out;
}

/** How a 3×3 convolution walks over the picture. */
export interface ConvOptions extends Epilogue {
  stride?: 1 | 2;
  /** Double the picture (nearest neighbour) and cut it to [height, width] before convolving. */
  upsampleTo?: readonly [number, number];
  /** Pad (0, 1, 0, 1) instead of 1 on each side: the VAE encoder's downsampling. */
  padAfter?: boolean;
}

/** 3×3 convolution in NHWC: x [batch, height, width, in] → [batch, height', width', out]. */
export function conv3x3(g: Graph, x: Tensor, weight: Weight, options: ConvOptions = {}): Tensor {
  const { adapter, ...plain } = weight;
  if (adapter) {
    const { shift: _shift, residual: _residual, activation: _activation, ...geometry } = options;
    const low = conv3x3(g, x, adapter.down, geometry);
    return adapted(g, low, adapter, weight, options, (more) => conv3x3(g, x, plain, { ...geometry, ...more }));
  }
  const [batch, height, width] = x.shape;
  expectChannels(x, weight);
  const { stride = 1, upsampleTo, padAfter = false } = options;
  const [viewHeight, viewWidth] = upsampleTo ?? [height, width];
  const along = (n: number) => Math.floor((n - (padAfter ? 2 : 1)) / stride) + 1;
  const [outHeight, outWidth] = [along(viewHeight), along(viewWidth)];
  const out = g.tensor(weight.name, [batch, outHeight, outWidth, padChannels(weight.outChannels)]);
  contract(g, x, weight, options, out, {
    rows: batch * outHeight * outWidth,
    entryRows: outHeight * outWidth,
    geometry: {
      in_width: width,
      in_height: height,
      view_width: viewWidth,
      view_height: viewHeight,
      out_width: outWidth,
      stride,
      pad: padAfter ? 0 : 1,
      up: upsampleTo !== undefined,
    },
  });
  return out;
}

/** A layer with what its adapter adds: after the sum where that is the same, before it bends where it is not. */
function adapted(
  g: Graph,
  low: Tensor,
  { up, scales }: RowAdapter,
  { gated }: Weight,
  epilogue: Epilogue,
  layer: (epilogue: Epilogue) => Tensor,
): Tensor {
  const shares = scaleRows(g, low, scales(g, low.shape.slice(0, -1)));
  const bends = gated || epilogue.activation !== undefined && epilogue.activation !== "none";
  return bends
    ? layer({ ...epilogue, before: linear(g, shares, up) })
    : linear(g, shares, up, { residual: layer(epilogue) });
}

interface Walk {
  rows: number;
  entryRows: number;
  /** What the taps see. */
  geometry: Values;
}

/** Without taps the rows of x are no pixels. */
const NO_PICTURE: Values = {
  in_width: 1,
  in_height: 1,
  view_width: 1,
  view_height: 1,
  out_width: 1,
  stride: 1,
  pad: 0,
  up: 0,
};

function contract(g: Graph, x: Tensor, weight: Weight, epilogue: Epilogue, out: Tensor, walk: Walk): void {
  const { bias, panels, taps, gated } = weight;
  const { residual, before, activation = "none" } = epilogue;
  const shift = before ?? epilogue.shift;
  const { rows, entryRows, geometry } = walk;
  const count = panelCount(weight);
  const depth = padChannels(weight.inChannels) / 4;
  const tile = matmulTile(g.device, { rows, panels: count, depth, taps });
  const { kernel, rows: ROWS, waves: WAVES, chunk: CHUNK, slices } = tile;
  const GATED = gated ? 1 : 0;
  const params = {
    rows,
    depth,
    quads: padChannels(weight.outChannels) / 4,
    panels: count,
    entry_rows: before ? 1 : entryRows,
    flags: (bias ? 1 : 0) | (before && gated ? 8 : shift ? 2 : 0) | (residual ? 4 : 0),
    activation: ACTIVATIONS.indexOf(activation),
    slices,
    ...geometry,
  };
  const ending = [
    bias ?? g.nothing("bias", "plain"),
    shift ?? g.nothing("shift"),
    residual ?? g.nothing("residual"),
  ];
  const flops = 2 * rows * weight.inChannels * taps * weight.outChannels * (gated ? 2 : 1);
  if (kernel === "matmul") {
    g.dispatch({
      kernel: { name: "matmul", source: lanesSource },
      constants: { ROWS, WAVES, TAPS: taps, GATED, SLOTS: ROWS },
      params,
      bindings: [...ending, out, x, panels],
      grid: [count, ...bands(Math.ceil(rows / (ROWS * WAVES)))],
      flops,
    });
    return;
  }
  const partial = slices > 1
    ? g.tensor("partial sums", [slices, rows, count * PANEL], "f32", "plain")
    : g.nothing("partial", "plain");
  g.dispatch({
    kernel: { name: "matmul_tile", source: tileSource },
    constants: { ROWS, CHUNK, LOADS: ROWS * CHUNK / 8, W_LOADS: CHUNK / 2, TAPS: taps, GATED },
    params,
    bindings: [...ending, slices > 1 ? g.nothing("out") : out, x, panels, partial],
    grid: [count, Math.ceil(rows / (8 * ROWS)), slices],
    flops,
  });
  if (slices === 1) return;
  const groups = Math.ceil(rows * count * 8 / 64);
  g.dispatch({
    kernel: { name: "matmul_join", source: joinSource },
    constants: { GATED },
    params,
    bindings: [...ending, out, partial],
    grid: [Math.min(groups, 32768), Math.ceil(groups / 32768)],
  });
}

/** Bands of rows along y, and along z where they are more than a device starts: a picture of 1024² has 65536 for one that walks 16. */
function bands(count: number): [number, number] {
  return count < 65536 ? [count, 1] : [32768, Math.ceil(count / 32768)];
}

function expectChannels(x: Tensor, weight: Weight): void {
  const channels = x.shape[x.shape.length - 1];
  if (channels !== padChannels(weight.inChannels)) {
    throw new Error(`${weight.name} takes ${weight.inChannels} channels, but "${x.label}" has ${channels}.`);
  }
}
