import type { Layout, Rect } from "./layout.ts";
import { fitToGrid, type GridNode, gridRect, partition } from "./partition.ts";

/**
 * One weight mask per region for latent mode; at every cell of the grid the weights sum to 1.
 *
 * Each border is a linear ramp of `feather` (a fraction of the picture's side) across it. Along one cut the weights are
 * differences of neighbouring ramps, which telescope to 1; a nested region's weight is the product down the tree. A box
 * takes its own from all that lies behind it.
 *
 * @param feather width of the ramp, 0 for hard borders (then the masks are exactly `partition`)
 * @returns one Float32Array of width·height, row by row, per region
 */
export function featheredMasks(layout: Layout, width: number, height: number, feather = 0): Float32Array[] {
  const masks = layout.cells.map(() => new Float32Array(width * height));
  const fitted = fitToGrid(layout, width, height);
  if (!fitted || feather <= 0) {
    partition(layout, width, height).forEach((region, i) => masks[region][i] = 1);
    return masks;
  }
  const weigh = ({ node, borders, parts }: GridNode, columns: Float64Array, rows: Float64Array) => {
    if ("region" in node) {
      const mask = masks[node.region];
      for (let i = 0; i < mask.length; i++) mask[i] = columns[i % width] * rows[Math.floor(i / width)];
      return;
    }
    const along = node.axis === "x" ? columns : rows;
    const last = parts.length;
    parts.forEach((part, i) => {
      const share = along.map((weight, at) => {
        const entered = i === 0 ? 1 : ramp(at, borders[i], feather * along.length);
        const left = i === last - 1 ? 0 : ramp(at, borders[i + 1], feather * along.length);
        return weight * (entered - left);
      });
      if (node.axis === "x") weigh(part, share, rows);
      else weigh(part, columns, share);
    });
  };
  weigh(fitted, new Float64Array(width).fill(1), new Float64Array(height).fill(1));
  for (const { rect, region } of layout.boxes) cover(masks, boxMask(rect, width, height, feather), region);
  return masks;
}

/**
 * A region's `share` at each cell, taken from all others in proportion, so that they still sum to 1. Works in place.
 */
export function cover(weights: readonly Float32Array[], share: Float32Array, region: number): void {
  weights.forEach((weight, i) => {
    for (let at = 0; at < weight.length; at++) {
      weight[at] = weight[at] * (1 - share[at]) + (i === region ? share[at] : 0);
    }
  });
}

/** The weight of a box by itself: 1 within, ramps across those of its borders that are not the picture's. */
export function boxMask(rect: Rect, width: number, height: number, feather = 0): Float32Array {
  const { x0, x1, y0, y1 } = gridRect(rect, width, height);
  const along = (n: number, from: number, to: number) =>
    Float32Array.from({ length: n }, (_, at) => {
      const entered = from === 0 ? 1 : ramp(at, from, feather * n);
      return entered - (to === n ? 0 : ramp(at, to, feather * n));
    });
  const columns = along(width, x0, x1);
  const rows = along(height, y0, y1);
  return Float32Array.from({ length: width * height }, (_, i) => columns[i % width] * rows[Math.floor(i / width)]);
}

/** How far the centre of cell `at` has crossed `border`: 0 before the ramp of `cells` cells, 1 after it. */
function ramp(at: number, border: number, cells: number): number {
  const past = at + 0.5 - border;
  return cells <= 0 ? Number(past > 0) : Math.min(1, Math.max(0, past / cells + 0.5));
}
