import { UsageError } from "../errors.ts";
import type { Layout, Node, Rect } from "./layout.ts";

/** A node with its borders on a grid: whole columns or rows, ascending, one more than it has parts. */
export interface GridNode {
  node: Node;
  borders: number[];
  parts: GridNode[];
}

/**
 * Which region each cell of a grid belongs to.
 *
 * Borders fall at floor(n·fraction + 1e-9), which is exact for every ratio at every resolution. A region that would get
 * no column or row keeps the nearest one; where the grid has fewer columns or rows than the cut, or nearer boxes cover
 * all that it has there, it keeps the nearest single cell. So no region but the rest is empty as long as the grid has
 * cells for all.
 *
 * @param width columns of the grid, @param height rows of the grid
 * @returns width·height region indices, row by row
 * @throws UsageError for more than 256 regions
 */
export function partition(layout: Layout, width: number, height: number): Uint8Array {
  if (layout.cells.length > 256) {
    throw new UsageError(`The plan has ${layout.cells.length} regions; a picture can have at most 256.`);
  }
  const rects = gridRects(layout, width, height);
  const grid = rects ? new Uint8Array(width * height) : crowdedTree(layout, width, height);
  const paint = (region: number, { x0, x1, y0, y1 }: Rect) => {
    for (let y = y0; y < y1; y++) grid.fill(region, y * width + x0, y * width + x1);
  };
  const over = layout.boxes.map(({ region }) => region);
  rects?.forEach((rect, region) => over.includes(region) || paint(region, rect));
  for (const { region, rect } of layout.boxes) paint(region, gridRect(rect, width, height));
  if (!rects || over.length) rescue(grid, layout, width, height);
  return grid;
}

/** A rectangle in whole cells of a grid, at least one. */
export function gridRect({ x0, x1, y0, y1 }: Rect, width: number, height: number): Rect {
  const span = (n: number, from: number, to: number) => {
    const [first, end] = [from, to].map((fraction) => Math.floor(n * fraction + 1e-9));
    return end > first ? [first, end] : [Math.min(first, n - 1), Math.min(first, n - 1) + 1];
  };
  const [left, right] = span(width, x0, x1);
  const [top, bottom] = span(height, y0, y1);
  return { x0: left, x1: right, y0: top, y1: bottom };
}

/**
 * Each region's rectangle in whole cells of a grid, whatever lies over it; undefined where the grid has too few columns
 * or rows for the cuts.
 */
export function gridRects(layout: Layout, width: number, height: number): Rect[] | undefined {
  const fitted = fitToGrid(layout, width, height);
  if (!fitted) return undefined;
  const rects: Rect[] = [];
  for (const { region, rect } of layout.boxes) rects[region] = gridRect(rect, width, height);
  const walk = ({ node, borders, parts }: GridNode, box: Rect) => {
    if ("region" in node) rects[node.region] = box;
    else {
      parts.forEach((part, i) =>
        walk(
          part,
          node.axis === "x"
            ? { ...box, x0: borders[i], x1: borders[i + 1] }
            : { ...box, y0: borders[i], y1: borders[i + 1] },
        )
      );
    }
  };
  walk(fitted, { x0: 0, y0: 0, x1: width, y1: height });
  return rects;
}

/**
 * The layout's borders on a width × height grid, every part at least as large as it needs; undefined where they do not
 * fit.
 */
export function fitToGrid(layout: Layout, width: number, height: number): GridNode | undefined {
  const needed = needs(layout.root);
  if (needed.x > width || needed.y > height) return undefined;
  const fit = (node: Node, span: { x: [number, number]; y: [number, number] }): GridNode => {
    if ("region" in node) return { node, borders: [], parts: [] };
    const { axis } = node;
    const n = axis === "x" ? width : height;
    const borders = node.borders.map((fraction) => Math.floor(n * fraction + 1e-9));
    const least = node.parts.map((part) => needs(part)[axis]);
    const last = node.parts.length;
    [borders[0], borders[last]] = span[axis];
    for (let i = 1; i < last; i++) borders[i] = Math.max(borders[i], borders[i - 1] + least[i - 1]);
    for (let i = last - 1; i > 0; i--) borders[i] = Math.min(borders[i], borders[i + 1] - least[i]);
    const parts = node.parts.map((part, i) => fit(part, { ...span, [axis]: [borders[i], borders[i + 1]] }));
    return { node, borders, parts };
  };
  return fit(layout.root, { x: [0, width], y: [0, height] });
}

/** The fewest columns (x) and rows (y) that leave every region of this node a cell. */
function needs(node: Node): { x: number; y: number } {
  if ("region" in node) return { x: 1, y: 1 };
  const along = node.parts.map((part) => needs(part)[node.axis]).reduce((sum, n) => sum + n, 0);
  const across = Math.max(...node.parts.map((part) => needs(part)[node.axis === "x" ? "y" : "x"]));
  return node.axis === "x" ? { x: along, y: across } : { x: across, y: along };
}

/** A grid too coarse for whole columns and rows: the tree's region at each cell's centre. */
function crowdedTree({ cells, boxes }: Layout, width: number, height: number): Uint8Array {
  const grid = new Uint8Array(width * height);
  const tree = cells.filter(({ region }) => !boxes.some((box) => box.region === region));
  for (let i = 0; i < grid.length; i++) {
    const x = (i % width + 0.5) / width;
    const y = (Math.floor(i / width) + 0.5) / height;
    const cell = tree.find(({ rect }) => x < rect.x1 && y < rect.y1 && x >= rect.x0 && y >= rect.y0);
    grid[i] = cell!.region;
  }
  return grid;
}

/** Gives regions that have no cell the nearest one that another can spare. */
function rescue(grid: Uint8Array, { cells, rest }: Layout, width: number, height: number): void {
  const owned = new Array<number>(cells.length).fill(0);
  for (const region of grid) owned[region]++;
  for (const { rect, region } of cells) {
    if (owned[region] > 0 || region === rest) continue;
    const distance = (i: number) =>
      Math.hypot(
        (i % width + 0.5) / width - (rect.x0 + rect.x1) / 2,
        (Math.floor(i / width) + 0.5) / height - (rect.y0 + rect.y1) / 2,
      );
    const spare = [...grid.keys()].filter((i) => owned[grid[i]] > 1).sort((a, b) => distance(a) - distance(b));
    if (spare.length === 0) break;
    owned[grid[spare[0]]]--;
    grid[spare[0]] = region;
    owned[region]++;
  }
}
