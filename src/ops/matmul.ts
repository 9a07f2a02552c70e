/**
 * Linear layers and convolutions: one kernel, shaders/matmul.wgsl.
 *
 * @module
 */
import source from "../../shaders/matmul.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import type { Values } from "../gpu/struct.ts";
import { padChannels, sizeOf, type Tensor } from "../gpu/tensor.ts";
import { type Activation, ACTIVATIONS } from "./activation.ts";
import { matmulTile } from "./choose.ts";

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
}

/** What happens to a sum before it is stored: act(sum + bias + shift) + residual. */
export interface Epilogue {
  activation?: Activation;
  /** [batch, 1, channels]: added to every row of a batch entry (time embedding). */
  shift?: Tensor;
  /** Shape of the result. */
  residual?: Tensor;
}

/** Columns of a panel. */
export const PANEL = 64;

/** Panels that `weight` takes. */
export function panelCount(weight: Pick<Weight, "outChannels" | "gated">): number {
  return Math.ceil((weight.outChannels * (weight.gated ? 2 : 1)) / PANEL);
}

/** y = act(x·W + b …): x [batch, …, in] → [batch, …, out]. A 1×1 convolution is this over the pixels. */
export function linear(g: Graph, x: Tensor, weight: Weight, epilogue: Epilogue = {}): Tensor {
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
  const { shift, residual, activation = "none" } = epilogue;
  const { rows: ROWS, waves: WAVES } = matmulTile(g.device, walk.rows);
  const depth = padChannels(weight.inChannels) / 4;
  const flags = (bias ? 1 : 0) | (shift ? 2 : 0) | (residual ? 4 : 0);
  const quads = padChannels(weight.outChannels) / 4;
  g.dispatch({
    kernel: { name: "matmul", source },
    constants: { ROWS, WAVES, TAPS: taps, GATED: gated ? 1 : 0, SLOTS: ROWS },
    params: {
      rows: walk.rows,
      depth,
      quads,
      panels: panelCount(weight),
      entry_rows: walk.entryRows,
      flags,
      activation: ACTIVATIONS.indexOf(activation),
      ...walk.geometry,
    },
    bindings: [
      x,
      panels,
      bias ?? g.nothing("bias", "plain"),
      shift ?? g.nothing("shift"),
      residual ?? g.nothing("residual"),
      out,
    ],
    grid: [panelCount(weight), Math.ceil(walk.rows / (ROWS * WAVES))],
  });
}

function expectChannels(x: Tensor, weight: Weight): void {
  const channels = x.shape[x.shape.length - 1];
  if (channels !== padChannels(weight.inChannels)) {
    throw new Error(`${weight.name} takes ${weight.inChannels} channels, but "${x.label}" has ${channels}.`);
  }
}
