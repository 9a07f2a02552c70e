/**
 * Weights that stay quantised on the device: put there from a file's numbers, and unpacked into panels right before a
 * product reads them. The panels' place is one that all layers share, as activations share theirs.
 *
 * @module
 */
import quantizeSource from "../../shaders/quantize.wgsl" with { type: "text" };
import unpackSource from "../../shaders/unpack.wgsl" with { type: "text" };
import { Graph } from "../gpu/graph.ts";
import type { Device } from "../gpu/device.ts";
import { describeTensor, type Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";
import { PACKABLE, type Packable } from "./pack.ts";
import { type Kept, type KeptType, panelCount, type Weight } from "./weight.ts";

const bitsOf = (type: KeptType) => type === "q8_0" ? 8 : 4;

/** Numbers are kept in pairs of blocks, whose two scales share a word. */
export const PAIR = 64;

/** A tensor for `count` numbers, a multiple of {@linkcode PAIR}. */
export function describeKept(label: string, type: KeptType, count: number): Kept {
  return { type, tensor: describeTensor(label, [count / PAIR + count * bitsOf(type) / 32], "u32", "plain") };
}

/** Numbers in the staging tensor, and where they belong. */
export interface QuantizeJob {
  kept: Kept;
  /** Numbers, multiples of {@linkcode PAIR}: how many, how many stand before them, and all of the matrix. */
  count: number;
  first: number;
  total: number;
  /** Byte of the staging tensor where they begin. */
  offset: number;
  dtype: Packable;
  /** Word of the flags tensor where bad numbers are reported. */
  flag: number;
}

/** Quantises what `staging` holds. It and `flags` are plain u32. */
export async function quantize(
  device: Device,
  staging: Tensor,
  flags: Tensor,
  jobs: readonly QuantizeJob[],
): Promise<void> {
  const g = new Graph(device, "quantize", "f32");
  for (const { kept, count, first, total, offset, dtype, flag } of jobs) {
    const grid = grid64(count / PAIR);
    g.dispatch({
      kernel: { name: "quantize", source: quantizeSource },
      constants: { DTYPE: PACKABLE.indexOf(dtype), BITS: bitsOf(kept.type) },
      params: {
        blocks: count / PAIR,
        first: first / PAIR,
        offset,
        scales: total / PAIR,
        flag,
        zero: 0,
        grid_width: grid[0],
      },
      bindings: [staging, flags, kept.tensor],
      grid,
    });
  }
  using program = await g.compile();
  program.run();
}

/** A weight whose panels can be read: itself, or where it is kept quantised, one that is unpacked here. */
export function unpacked(g: Graph, weight: Weight): Weight {
  const { kept, ...plain } = weight;
  if (!kept) return weight;
  const { name, inChannels, outChannels, gated, panel } = weight;
  const panels = g.tensor(`${name} unpacked`, weight.panels.shape, weight.panels.type, "panels");
  const lanes = panel / 8;
  const count = panelCount(weight) * lanes * inChannels / 4;
  const rows = outChannels * (gated ? 2 : 1);
  const grid = grid64(count);
  g.dispatch({
    kernel: { name: "unpack", source: unpackSource },
    constants: { BITS: bitsOf(kept.type), GATED: Number(gated) },
    params: {
      rows,
      channels: inChannels,
      gate: gated ? outChannels : 0,
      scales: rows * inChannels / PAIR,
      count,
      lanes,
      grid_width: grid[0],
    },
    bindings: [kept.tensor, panels],
    grid,
  });
  return { ...plain, panels };
}
