/**
 * How weights of products and convolutions lie on the device: in panels of columns, which kernels read front to back.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { RowScales } from "./row_adapter.ts";

/** Layouts of ggml that stay as they are on the device. */
export type KeptType = "q8_0" | "q4_0";

/** Rows of a matrix, quantised: see shaders/quantize.wgsl. */
export interface Kept {
  type: KeptType;
  /** Plain u32: scales, then numbers. */
  tensor: Tensor;
}

/** A packed weight as the network declares it (nn/weights.ts). */
export interface Weight {
  name: string;
  inChannels: number;
  outChannels: number;
  /**
   * 1; or 9 for a 3×3 convolution; or 16 or 36 for one whose taps are transformed (Winograd's F(2×2, 3×3) and
   * F(4×4, 3×3), shaders/winograd_in.wgsl and shaders/winograd4_in.wgsl).
   */
  taps: 1 | 9 | 16 | 36;
  /** Columns are values and gates: the layer gives value · gelu(gate), half as many channels. */
  gated: boolean;
  /** Columns of a panel: a multiple of 8, of which each lane has as many. */
  panel: number;
  /** [panel][tap][channel][columns of the panel], packed by shaders/pack.wgsl or nn/pack_host.ts. */
  panels: Tensor;
  /** Where its rows stay quantised instead: panels are only unpacked where they are read (ops/kept.ts). */
  kept?: Kept;
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

/** Columns of a panel, except for narrow weights on software adapters. */
export const PANEL = 64;

/** Panels that `weight` takes. */
export function panelCount(weight: Pick<Weight, "outChannels" | "gated" | "panel">): number {
  return Math.ceil((weight.outChannels * (weight.gated ? 2 : 1)) / weight.panel);
}

/** Whether its taps are transformed: planes that are multiplied each by itself, and no terms of one sum. */
export function isTransformed({ taps }: { taps: number }): boolean {
  return taps > 9;
}

/** Taps in the file: of a transformed convolution 9. */
export function fileTaps({ taps }: Pick<Weight, "taps">): 1 | 9 {
  return taps === 1 ? 1 : 9;
}
