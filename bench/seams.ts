/**
 * Whether regions share one background: neighbours' backgrounds side by side.
 *
 * @module
 */
import type { Picture } from "../src/picture/picture.ts";
import type { Rect } from "../src/region/layout.ts";

/** Borders between two cells, and those with a seam. */
export interface Seams {
  borders: number;
  seams: number;
}

/** Pixels of a cell's frame, where its background is seen. */
const FRAME = 4;
/** Levels of a channel beyond which two backgrounds are two. */
const MOST = 20;
/** Levels that count as one colour. */
const BIN = 16;

/** Compares the commonest colour of each cell's outer frame with those of the cells beside, above and below it. */
export function seams(image: Picture, cells: readonly Rect[]): Seams {
  const colours = cells.map((cell) => background(image, cell));
  const total: Seams = { borders: 0, seams: 0 };
  cells.forEach((a, i) =>
    cells.slice(0, i).forEach((b, j) => {
      if (!meet(a, b)) return;
      total.borders++;
      total.seams += Number(colours[i].some((level, c) => Math.abs(level - colours[j][c]) > MOST));
    })
  );
  return total;
}

/** Whether two cells have a stretch of border in common. */
function meet(a: Rect, b: Rect): boolean {
  const overlap = (a0: number, a1: number, b0: number, b1: number) => Math.min(a1, b1) - Math.max(a0, b0);
  const x = overlap(a.x0, a.x1, b.x0, b.x1);
  const y = overlap(a.y0, a.y1, b.y0, b.y1);
  const touches = (length: number) => Math.abs(length) < 1e-9;
  return touches(x) && y > 1e-9 || touches(y) && x > 1e-9;
}

/** Mean of the commonest colour of a cell's frame. */
function background({ width, height, data }: Picture, { x0, y0, x1, y1 }: Rect): number[] {
  const [left, right, top, bottom] = [x0 * width, x1 * width, y0 * height, y1 * height].map(Math.round);
  const bins = new Map<string, { count: number; sums: number[] }>();
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (Math.min(x - left, right - 1 - x, y - top, bottom - 1 - y) >= FRAME) continue;
      const at = (y * width + x) * data.length / (width * height);
      const rgb = [...data.subarray(at, at + 3)];
      const key = rgb.map((level) => Math.round(level / BIN)).join();
      const bin = bins.get(key) ?? { count: 0, sums: [0, 0, 0] };
      bins.set(key, bin);
      bin.count++;
      bin.sums = bin.sums.map((sum, c) => sum + rgb[c]);
    }
  }
  const { count, sums } = [...bins.values()].reduce((most, bin) => bin.count > most.count ? bin : most);
  return sums.map((sum) => sum / count);
}
