/**
 * Where the regions of a picture lie: a tree of cuts whose leaves are regions, and boxes over it, all in fractions of
 * the picture, so that one layout serves every resolution of the network.
 *
 * @module
 */

/** A rectangle in fractions of the picture: 0 is left or top, 1 is right or bottom. */
export interface Rect {
  /** Left. */
  x0: number;
  /** Top. */
  y0: number;
  /** Right. */
  x1: number;
  /** Bottom. */
  y1: number;
}

/**
 * One region's place. `region` is its index in the order of the region prompts: reading order, boxes where they were
 * written.
 */
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

/** A region that lies over the others. */
export interface Box extends Cell {
  /** How far away it is: of two boxes the one with less is in front; of two with the same, the later. */
  depth: number;
}

/** The regions of a picture. `cells[i].region === i`; `root` is the tree that those without a box are the leaves of. */
export interface Layout {
  /** @internal */
  readonly root: Node;
  /** In reading order. */
  readonly cells: readonly Cell[];
  /** @internal Over the tree, the farthest first. */
  readonly boxes: readonly Box[];
  /**
   * Where all regions have boxes: the number of the last cell, which is what lies around them. It may be wholly hidden.
   */
  readonly rest?: number;
}

/** All of the picture. */
const WHOLE: Rect = { x0: 0, y0: 0, x1: 1, y1: 1 };

/**
 * Number the regions of `cut` in reading order and compute every border. Sizes must be positive and finite.
 * @param boxes with their numbers, which the regions of the cut leave out; where there is no cut, the rest comes last
 */
export function makeLayout(cut: Cut | undefined, boxes: readonly Box[] = []): Layout {
  const cells: Cell[] = [];
  for (const { rect, region } of boxes) cells[region] = { rect, region };
  let next = 0;
  const place = (cut: Cut, rect: Rect): Node => {
    if (cut === "region") {
      while (cells[next]) next++;
      cells[next] = { rect, region: next };
      return cells[next];
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
  const root = place(cut ?? "region", WHOLE);
  const farthestFirst = boxes.toSorted((a, b) => b.depth - a.depth || a.region - b.region);
  return { root, cells, boxes: farthestFirst, ...(cut ? {} : { rest: boxes.length }) };
}

/**
 * Borders in 0…1 of parts with these relative sizes; sizes are scaled first so that even 1e308 twice does not overflow.
 */
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
