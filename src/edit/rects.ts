/**
 * Rectangles in fractions of a picture: how large they are, how much two of them share.
 *
 * @module
 */
import type { Rect } from "../region/layout.ts";

/** A rectangle with a share of its sides more on each side, within the picture. */
export function grown({ x0, y0, x1, y1 }: Rect, by: number): Rect {
  const [dx, dy] = [(x1 - x0) * by, (y1 - y0) * by];
  return { x0: Math.max(0, x0 - dx), y0: Math.max(0, y0 - dy), x1: Math.min(1, x1 + dx), y1: Math.min(1, y1 + dy) };
}

/** The smallest that holds all of them. */
export function around(rects: readonly Rect[]): Rect {
  const all = (side: keyof Rect) => rects.map((rect) => rect[side]);
  return {
    x0: Math.min(...all("x0")),
    y0: Math.min(...all("y0")),
    x1: Math.max(...all("x1")),
    y1: Math.max(...all("y1")),
  };
}

/** The share of the smaller of two rectangles that lies in the other. */
export function overlap(a: Rect, b: Rect): number {
  return area(common(a, b)) / Math.min(area(a), area(b));
}

/** What lies in both; with sides the wrong way round where nothing does. */
export function common(a: Rect, b: Rect): Rect {
  return {
    x0: Math.max(a.x0, b.x0),
    y0: Math.max(a.y0, b.y0),
    x1: Math.min(a.x1, b.x1),
    y1: Math.min(a.y1, b.y1),
  };
}

/** A share of the picture; none where the sides are the wrong way round. */
export function area({ x0, y0, x1, y1 }: Rect): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}
