/**
 * What can be seen of regions where boxes lie over them.
 *
 * @module
 */
import type { Layout, Rect } from "./layout.ts";

/** The regions of which nothing can be seen, on however fine a grid; the rest may be hidden. */
export function hiddenRegions({ cells, boxes, rest }: Layout): number[] {
  if (boxes.length === 0) return [];
  const edges = (of: (rect: Rect) => number[]) =>
    [...new Set(cells.flatMap(({ rect }) => of(rect)))].toSorted((a, b) => a - b);
  const xs = edges(({ x0, x1 }) => [x0, x1]);
  const ys = edges(({ y0, y1 }) => [y0, y1]);
  const nearestLast = [...cells.filter(({ region }) => !boxes.some((box) => box.region === region)), ...boxes];
  const seen = new Set<number>();
  for (let i = 1; i < xs.length; i++) {
    for (let j = 1; j < ys.length; j++) {
      const [x, y] = [(xs[i - 1] + xs[i]) / 2, (ys[j - 1] + ys[j]) / 2];
      const front = nearestLast.findLast(({ rect }) => x > rect.x0 && x < rect.x1 && y > rect.y0 && y < rect.y1);
      if (front) seen.add(front.region);
    }
  }
  return cells.flatMap(({ region }) => seen.has(region) || region === rest ? [] : [region]);
}

/** For each of `count` regions the largest rectangle of a grid that is wholly its own, where it has any. */
export function largestRects(grid: Uint8Array, width: number, height: number, count: number): (Rect | undefined)[] {
  const best: (Rect | undefined)[] = new Array(count).fill(undefined);
  const area = (rect?: Rect) => rect ? (rect.x1 - rect.x0) * (rect.y1 - rect.y0) : 0;
  /** How many cells above each column, this row's included, are of one region. */
  const heights = new Uint32Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      heights[x] = y > 0 && grid[at] === grid[at - width] ? heights[x] + 1 : 1;
    }
    // Rectangles that end in this row and begin in column x.
    for (let x = 0; x < width; x++) {
      const region = grid[y * width + x];
      // A column like its neighbour to the left begins none that the neighbour does not begin, too.
      if (x > 0 && grid[y * width + x - 1] === region && heights[x - 1] >= heights[x]) continue;
      for (let end = x, high = Infinity; end < width && grid[y * width + end] === region; end++) {
        high = Math.min(high, heights[end]);
        const rect = { x0: x, x1: end + 1, y0: y + 1 - high, y1: y + 1 };
        if (area(rect) > area(best[region])) best[region] = rect;
      }
    }
  }
  return best;
}
