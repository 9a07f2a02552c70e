/** Pixels of a mask: RGBA, row by row. White is the mask, black is not; what is transparent is not. */
export interface MaskImage {
  width: number;
  height: number;
  data: Uint8Array;
}

/**
 * Put masks over the weights of a layout. Where a region's mask is white the region is drawn whatever cell lies there;
 * elsewhere the cells stand. Of two masks that overlap the later region's is on top. The weights of a cell still sum to 1.
 *
 * @param weights one array of width·height per region, as `featheredMasks` makes them; changed in place
 * @param masks one per region; undefined for regions without a mask
 */
export function applyMasks(
  weights: Float32Array[],
  masks: readonly (MaskImage | undefined)[],
  width: number,
  height: number,
): Float32Array[] {
  masks.forEach((mask, region) => {
    if (!mask) return;
    const share = coverage(mask, width, height);
    weights.forEach((weight, other) => {
      for (let i = 0; i < weight.length; i++) {
        weight[i] = weight[i] * (1 - share[i]) + (other === region ? share[i] : 0);
      }
    });
  });
  return weights;
}

/** The region with the most weight in each cell, for attention mode. */
export function strongest(weights: readonly Float32Array[]): Uint8Array {
  return Uint8Array.from(weights[0], (_, i) => {
    let best = 0;
    for (let region = 1; region < weights.length; region++) if (weights[region][i] > weights[best][i]) best = region;
    return best;
  });
}

/** How white a mask is in each cell of a grid, 0 to 1: the mean over the pixels whose centres lie in the cell. */
function coverage({ width: columns, height: rows, data }: MaskImage, width: number, height: number): Float32Array {
  const sum = new Float32Array(width * height);
  for (let cell = 0; cell < sum.length; cell++) {
    const [x0, x1] = pixels(cell % width, width, columns);
    const [y0, y1] = pixels(Math.floor(cell / width), height, rows);
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = (y * columns + x) * 4;
        sum[cell] += (data[at] + data[at + 1] + data[at + 2]) / 765 * data[at + 3] / 255 / ((x1 - x0) * (y1 - y0));
      }
    }
  }
  return sum;
}

/** The pixels along one axis that belong to a cell: at least the nearest one, where cells are smaller than pixels. */
function pixels(cell: number, cells: number, size: number): [number, number] {
  const start = Math.floor(cell * size / cells);
  return [start, Math.max(start + 1, Math.floor((cell + 1) * size / cells))];
}
