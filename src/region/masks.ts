import type { Layout } from "./layout.ts";
import { fitToGrid, type GridNode, partition } from "./partition.ts";

/**
 * One weight mask per region for latent mode; at every cell of the grid the weights sum to 1.
 *
 * Each border is a linear ramp of `feather` (a fraction of the picture's side) across it. Along one cut the weights are
 * differences of neighbouring ramps, which telescope to 1; a nested region's weight is the product down the tree.
 *
 * @param feather width of the ramp, 0 for hard borders (then the masks are exactly `partition`)
 * @returns one Float32Array of width·height, row by row, per region
 */
export function featheredMasks(layout: Layout, width: number, height: number, feather = 0): Float32Array[] {
  const masks = layout.cells.map(() => new Float32Array(width * height));
  const fitted = fitToGrid(layout, width, height);
  if (!fitted) {
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
  return masks;
}

/** How far the centre of cell `at` has crossed `border`: 0 before the ramp of `cells` cells, 1 after it. */
function ramp(at: number, border: number, cells: number): number {
  const past = at + 0.5 - border;
  return cells <= 0 ? Number(past > 0) : Math.min(1, Math.max(0, past / cells + 0.5));
}
