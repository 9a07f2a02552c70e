/**
 * Whether regions share one background: neighbours' backgrounds side by side.
 *
 * @module
 */
import type { Picture } from "../src/picture/picture.ts";
import type { Rect } from "../src/region/layout.ts";

/** Borders between two cells, those with a seam, and those where it is a line in the picture. */
export interface Seams {
  borders: number;
  /** The backgrounds of the two cells differ. */
  seams: number;
  /** They do so from one side of the border to the other, too: a sky that is paler below is no such edge. */
  edges: number;
}

/** Pixels of a cell's frame, where its background is seen, and of a strip beside a border. */
const FRAME = 4;
/** Levels of a channel beyond which two backgrounds are two. */
const MOST = 20;
/** Levels that count as one colour. */
const BIN = 16;

/** Left, top, right and bottom in whole pixels. */
type Box = [number, number, number, number];

/** Compares the commonest colour of each cell's outer frame with those of the cells beside, above and below it. */
export function seams(image: Picture, cells: readonly Rect[]): Seams {
  const { width, height } = image;
  const boxes = cells.map(({ x0, y0, x1, y1 }): Box => [x0 * width, y0 * height, x1 * width, y1 * height])
    .map((box): Box => box.map(Math.round) as Box);
  const frames = boxes.map((box) => {
    const [left, top, right, bottom] = box;
    return commonest(image, box, (x, y) => Math.min(x - left, right - 1 - x, y - top, bottom - 1 - y) < FRAME);
  });
  const total: Seams = { borders: 0, seams: 0, edges: 0 };
  boxes.forEach((a, i) =>
    boxes.slice(0, i).forEach((b, j) => {
      const strips = stripsBetween(b, a) ?? stripsBetween(a, b);
      if (!strips) return;
      total.borders++;
      if (!differ(frames[i], frames[j])) return;
      total.seams++;
      const [before, after] = strips.map((strip) => commonest(image, strip));
      total.edges += Number(differ(before, after));
    })
  );
  return total;
}

function differ(a: number[], b: number[]): boolean {
  return a.some((level, c) => Math.abs(level - b[c]) > MOST);
}

/**
 * What lies on both sides of the border where `a` ends at the right or below and `b` begins; nothing if they do not
 * meet.
 */
function stripsBetween(a: Box, b: Box): [Box, Box] | undefined {
  const [x0, x1] = [Math.max(a[0], b[0]), Math.min(a[2], b[2])];
  const [y0, y1] = [Math.max(a[1], b[1]), Math.min(a[3], b[3])];
  if (a[2] === b[0] && y1 > y0) return [[a[2] - FRAME, y0, a[2], y1], [b[0], y0, b[0] + FRAME, y1]];
  if (a[3] === b[1] && x1 > x0) return [[x0, a[3] - FRAME, x1, a[3]], [x0, b[1], x1, b[1] + FRAME]];
}

/** Mean of the commonest colour of a box, or of those of its pixels that count. */
function commonest({ width, height, data }: Picture, box: Box, counts = (_x: number, _y: number) => true): number[] {
  const [left, top, right, bottom] = box;
  const bins = new Map<string, { count: number; sums: number[] }>();
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (!counts(x, y)) continue;
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
