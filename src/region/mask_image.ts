/**
 * Regions from mask images: where a region's mask is white, that region is drawn, over whatever cell lies there. Of two
 * masks the later region's is on top.
 *
 * @module
 */

import { cover } from "./masks.ts";

/** Brightness of an image, 0 to 1, row by row. */
export interface MaskImage {
  width: number;
  height: number;
  data: Float32Array;
}

/** Mean brightness of each cell of a width×height grid laid over the image. */
export function coverage(mask: MaskImage, width: number, height: number): Float32Array {
  const sums = new Float32Array(width * height);
  const axis = (cells: number, pixels: number) =>
    Array.from({ length: cells }, (_, i) => {
      const first = Math.min(Math.floor(i * pixels / cells), pixels - 1);
      return [first, Math.max(first + 1, Math.floor((i + 1) * pixels / cells))];
    });
  const columns = axis(width, mask.width);
  const rows = axis(height, mask.height);
  rows.forEach(([top, bottom], y) =>
    columns.forEach(([left, right], x) => {
      let sum = 0;
      for (let j = top; j < bottom; j++) for (let i = left; i < right; i++) sum += mask.data[j * mask.width + i];
      sums[y * width + x] = sum / ((bottom - top) * (right - left));
    })
  );
  return sums;
}

/** Gives every cell of a partition that a mask covers by half or more to that mask's region. Works in place. */
export function maskPartition(
  cells: Uint8Array,
  masks: readonly (MaskImage | undefined)[],
  width: number,
  height: number,
): Uint8Array {
  masks.forEach((mask, region) => {
    if (!mask) return;
    coverage(mask, width, height).forEach((share, i) => {
      if (share >= 0.5) cells[i] = region;
    });
  });
  return cells;
}

/**
 * The same for weights: a mask takes its brightness from all regions under it, so that they still sum to 1. Works in
 * place.
 */
export function maskWeights(
  weights: Float32Array[],
  masks: readonly (MaskImage | undefined)[],
  width: number,
  height: number,
): Float32Array[] {
  masks.forEach((mask, region) => {
    if (!mask) return;
    cover(weights, coverage(mask, width, height), region);
  });
  return weights;
}
