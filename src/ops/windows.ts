/**
 * Windows out of a picture of features.
 *
 * @module
 */
import windowsSource from "../../shaders/windows.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { sizeOf, type Tensor } from "../gpu/tensor.ts";
import { grid64 } from "./grid.ts";
import type { Windows } from "./latents.ts";

/** x [1, height, width, channels] → its windows [batch, height', width', channels]. */
export function windowsOf(g: Graph, x: Tensor, { batch, height, width, origins }: Windows): Tensor {
  const [, , fullWidth, channels] = x.shape;
  const out = g.tensor(x.label, [batch, height, width, channels]);
  const grid = grid64(sizeOf(out.shape) / 4);
  g.dispatch({
    kernel: { name: "windows", source: windowsSource },
    params: { height, width, quads: channels / 4, batch, full_width: fullWidth, grid_width: grid[0] },
    bindings: [origins, x, out],
    grid,
  });
  return out;
}
