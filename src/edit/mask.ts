/**
 * Where an operation paints, as a mask.
 *
 * @module
 */
import { filled, type Picture } from "../picture/picture.ts";
import type { Rect } from "../region/layout.ts";

/** White in a box, black around it. @param grid pixels to which the box is rounded outwards */
export function boxMask({ x0, y0, x1, y1 }: Rect, width: number, height: number, grid = 1): Picture {
  const down = (share: number, side: number) => Math.floor(share * side / grid + 1e-6) * grid;
  const up = (share: number, side: number) => Math.min(side, Math.ceil(share * side / grid - 1e-6) * grid);
  const [left, right] = [down(x0, width), Math.max(up(x1, width), down(x0, width) + 1)];
  const mask = filled(width, height, [0, 0, 0, 255]);
  for (let y = down(y0, height); y < Math.max(up(y1, height), down(y0, height) + 1); y++) {
    mask.data.fill(255, (y * width + left) * 4, (y * width + Math.min(width, right)) * 4);
  }
  return mask;
}

/** White in every square of `grid` pixels that holds some white. */
export function onGrid(mask: Picture, grid: number): Picture {
  const { width, height, data } = mask;
  const columns = Math.ceil(width / grid);
  const white = new Uint8Array(columns * Math.ceil(height / grid));
  const square = (i: number) => Math.floor(Math.floor(i / width) / grid) * columns + Math.floor(i % width / grid);
  for (let i = 0; i < width * height; i++) if (data[i * 4] >= 128) white[square(i)] = 1;
  const out = filled(width, height, [0, 0, 0, 255]);
  for (let i = 0; i < width * height; i++) if (white[square(i)]) out.data.fill(255, i * 4, i * 4 + 3);
  return out;
}

/** White where both are. Of one size. */
export function both(mask: Picture, other: Picture): Picture {
  return { ...mask, data: mask.data.map((value, i) => Math.min(value, other.data[i])) };
}

/** White where the mask is and the box lies. */
export function onlyWithin(mask: Picture, box: Rect): Picture {
  return both(mask, boxMask(box, mask.width, mask.height));
}

/** A mask of another shape. @param change is given 1 for each white pixel and 0 for the others */
export function whiteIn(mask: Picture, change: (white: Uint8Array) => Uint8Array): Picture {
  const { width, height, data } = mask;
  const out = filled(width, height, [0, 0, 0, 255]);
  const white = Uint8Array.from({ length: width * height }, (_, i) => Number(data[i * 4] >= 128));
  change(white).forEach((value, i) => out.data.fill(255 * value, i * 4, i * 4 + 3));
  return out;
}

/** The smallest box around all that is white, in fractions; undefined where nothing is. */
export function boxAround({ width, height, data }: Picture): Rect | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i < width * height; i++) {
    if (data[i * 4] < 128) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  }
  return right ? { x0: left / width, y0: top / height, x1: right / width, y1: bottom / height } : undefined;
}

/**
 * The picture with what is masked filled from around it: each pixel is the mean of the nearest kept pixels to its four
 * sides, the nearer weighing more. A removal starts from this.
 */
export function filledIn(picture: Picture, mask: Picture): Picture {
  const { width, height, data } = picture;
  const hidden = (i: number) => mask.data[i * 4] >= 128;
  const out = data.slice();
  const sums = new Float32Array(width * height * 4); // weight, then red, green, blue
  const walk = (start: number, step: number, count: number) => {
    let last = -1;
    for (let k = 0, i = start; k < count; k++, i += step) {
      if (!hidden(i)) last = k;
      else if (last >= 0) {
        const weight = 1 / (k - last) ** 2;
        const from = (start + last * step) * 4;
        sums[i * 4] += weight;
        for (let c = 0; c < 3; c++) sums[i * 4 + 1 + c] += weight * data[from + c];
      }
    }
  };
  for (let y = 0; y < height; y++) {
    walk(y * width, 1, width);
    walk(y * width + width - 1, -1, width);
  }
  for (let x = 0; x < width; x++) {
    walk(x, width, height);
    walk((height - 1) * width + x, -width, height);
  }
  for (let i = 0; i < width * height; i++) {
    if (!hidden(i) || sums[i * 4] === 0) continue;
    for (let c = 0; c < 3; c++) out[i * 4 + c] = Math.round(sums[i * 4 + 1 + c] / sums[i * 4]);
  }
  return { width, height, data: out };
}
