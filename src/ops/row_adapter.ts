/**
 * Low-rank adapters of which each row of an activation takes its own: y = W·x + B·(s(row) ∘ A·x).
 *
 * @module
 */
import source from "../../shaders/scale_rows.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { sizeOf, type Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";

/** How strongly each row takes each rank: rows of one kind take the same. */
export interface RowScales {
  /** The kind of each row, u32 [rows]. */
  kinds: Tensor;
  /** Strengths, f32 [kinds, ranks padded to 4]. */
  table: Tensor;
}

/** x [batch, …, ranks], each row times the strengths of its kind. */
export function scaleRows(g: Graph, x: Tensor, { kinds, table }: RowScales): Tensor {
  const quads = x.shape[x.shape.length - 1] / 4;
  const rows = sizeOf(x.shape.slice(0, -1));
  const out = g.tensor("adapter", x.shape);
  const grid = grid64(rows * quads);
  g.dispatch({
    kernel: { name: "scale_rows", source },
    params: { rows, quads, grid_width: grid[0] },
    bindings: [kinds, table, x, out],
    grid,
  });
  return out;
}
