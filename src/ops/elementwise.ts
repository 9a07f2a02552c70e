/**
 * Small ops on whole tensors.
 *
 * @module
 */
import addSource from "../../shaders/add.wgsl" with { type: "text" };
import concatSource from "../../shaders/concat.wgsl" with { type: "text" };
import meanSource from "../../shaders/mean.wgsl" with { type: "text" };
import pixelsSource from "../../shaders/pixels.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { sizeOf, type Tensor } from "../gpu/tensor.ts";
import { type Activation, ACTIVATIONS } from "./activation.ts";
import { grid64 } from "./grid.ts";

/** act(a + scale · b), or act(a) where there is no b. */
export function add(
  g: Graph,
  a: Tensor,
  b: Tensor | undefined,
  { activation = "none", scale = 1 }: { activation?: Activation; scale?: number } = {},
): Tensor {
  const out = g.tensor(a.label, a.shape);
  const quads = sizeOf(a.shape) / 4;
  const grid = grid64(quads);
  g.dispatch({
    kernel: { name: "add", source: addSource },
    params: { quads, has_b: b !== undefined, scale, activation: ACTIVATIONS.indexOf(activation), grid_width: grid[0] },
    bindings: [a, b ?? g.nothing("b"), out],
    grid,
  });
  return out;
}

/** Each channel's mean over an entry's rows, in every row: [batch, .., channels]. */
export function meanEverywhere(g: Graph, x: Tensor): Tensor {
  const [batch, ...rest] = x.shape;
  const quads = rest.pop()! / 4;
  const out = g.tensor("mean", x.shape);
  g.dispatch({
    kernel: { name: "mean", source: meanSource },
    params: { rows: sizeOf(rest), quads },
    bindings: [x, out],
    grid: [quads, batch, 1],
  });
  return out;
}

/** Joins along the channels: [.., a] and [.., b] → [.., a + b]. */
export function concat(g: Graph, a: Tensor, b: Tensor): Tensor {
  const outer = a.shape.slice(0, -1);
  const [ca, cb] = [a, b].map((t) => t.shape[t.shape.length - 1]);
  const out = g.tensor("concat", [...outer, ca + cb]);
  const grid = grid64(sizeOf(out.shape) / 4);
  g.dispatch({
    kernel: { name: "concat", source: concatSource },
    params: { rows: sizeOf(outer), a_quads: ca / 4, b_quads: cb / 4, grid_width: grid[0] },
    bindings: [a, b, out],
    grid,
  });
  return out;
}

/**
 * A picture that a network made [1, height, width, 4] → RGBA words [height·width], 0 where the picture is no number.
 * @param black the value that is black; white is 1
 */
export function pixels(g: Graph, x: Tensor, black: -1 | 0 = -1): Tensor {
  const count = x.shape[1] * x.shape[2];
  const out = g.tensor("pixels", [count], "u32", "plain");
  const grid = grid64(count);
  g.dispatch({
    kernel: { name: "pixels", source: pixelsSource },
    params: { pixels: count, multiply: 1 / (1 - black), add: -black / (1 - black), grid_width: grid[0] },
    bindings: [x, out],
    grid,
  });
  return out;
}
