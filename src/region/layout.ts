/**
 * Where the regions of a picture lie: a tree of cuts whose leaves are regions, all in fractions of the picture, so that
 * one layout serves every resolution of the network.
 *
 * @module
 */

/** A rectangle in fractions of the picture: 0 is left or top, 1 is right or bottom. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** One region's place. `region` is its index in reading order, the order of the region prompts. */
export interface Cell {
  /** @internal */
  rect: Rect;
  /** From 0. */
  region: number;
}

/** A region by itself, or a cut along one axis (`x`: columns, `y`: rows) into parts of the given relative sizes. */
export type Cut = "region" | { axis: "x" | "y"; sizes: readonly number[]; parts: readonly Cut[] };

/** A cut with its regions numbered in reading order and its borders as fractions of the picture. */
export type Node =
  | { region: number; rect: Rect }
  | { axis: "x" | "y"; rect: Rect; borders: readonly number[]; parts: readonly Node[] };

/** The regions of a picture. `cells[i].region === i`; `root` is the tree that the cells are the leaves of. */
export interface Layout {
  /** @internal */
  readonly root: Node;
  /** In reading order. */
  readonly cells: readonly Cell[];
}

/** The layout of a plain picture: one region everywhere. */
export const WHOLE: Rect = { x0: 0, y0: 0, x1: 1, y1: 1 };

/** Number the regions of `cut` in reading order and compute every border. Sizes must be positive and finite. */
export function makeLayout(cut: Cut): Layout {
  const cells: Cell[] = [];
  const place = (cut: Cut, rect: Rect): Node => {
    if (cut === "region") {
      cells.push({ rect, region: cells.length });
      return { rect, region: cells.length - 1 };
    }
    const [start, end] = cut.axis === "x" ? [rect.x0, rect.x1] : [rect.y0, rect.y1];
    const borders = cumulative(cut.sizes).map((c) => start + (end - start) * c);
    const parts = cut.parts.map((part, i) =>
      place(
        part,
        cut.axis === "x"
          ? { ...rect, x0: borders[i], x1: borders[i + 1] }
          : { ...rect, y0: borders[i], y1: borders[i + 1] },
      )
    );
    return { axis: cut.axis, rect, borders, parts };
  };
  const root = place(cut, WHOLE);
  return { root, cells };
}

/** Borders in 0…1 of parts with these relative sizes; sizes are scaled first so that even 1e308 twice does not overflow. */
function cumulative(sizes: readonly number[]): number[] {
  const largest = Math.max(...sizes);
  const scaled = sizes.map((size) => size / largest);
  const total = scaled.reduce((sum, size) => sum + size, 0);
  const borders = [0];
  let sum = 0;
  for (const size of scaled) borders.push((sum += size) / total);
  borders[sizes.length] = 1;
  return borders;
}
