/**
 * The rules planner's fourth pass: from a scene to rows of cells.
 *
 * @module
 */
import type { SplitRatio } from "../../region/split_ratio.ts";
import type { Place } from "./parts.ts";
import type { Link, Scene } from "./scene.ts";
import type { Shares } from "./shares.ts";

/**
 * One cell: an object, all of its kind together where `index` is absent, else one of them; or the setting alone beside
 * an object that sits in a corner.
 */
export type SceneCell = { object: number; index?: number; size: number } | "setting";

interface Item {
  object: number;
  index?: number;
  place: Place;
  size: number;
}

/** More than so many of a kind beside other things stay in one region. */
const MOST_APART = 4;

/** Several of these lie one above the other: "three rows of tulips". */
const LEVELS = /^(?:row|layer|shelf|stripe|band|storey|floor)$/;

/** Arrange the objects in rows, top to bottom, and each row from left to right. */
export function arrange(scene: Scene): SceneCell[][] {
  const items = scene.objects.flatMap((object, i): Item[] => {
    const together = object.count > MOST_APART && scene.objects.length > 1;
    if (together || (object.count === 1 && object.variants.length === 0)) {
      return [{ object: i, place: object.place, size: together ? 2 : object.size }];
    }
    const stacked = scene.objects.length === 1 && LEVELS.test(object.thing.head) && !scene.order;
    return Array.from({ length: object.count }, (_, index) => ({
      object: i,
      index,
      place: { ...object.place, ...(stacked ? { y: index } : {}), ...object.variants[index]?.place },
      size: object.size,
    }));
  });
  if (scene.reversed) items.reverse();
  if (scene.rows && sum(scene.rows) === items.length) return shaped(items, scene.rows);
  if (scene.order === "column") return items.map((item) => [cell(item)]);
  const heights = rowHeights(scene, items);
  const levels = [...new Set(heights)].sort((a, b) => a - b);
  const rows = levels.map((level) => orderRow(items.filter((_, i) => heights[i] === level), scene.links));
  const ordered = scene.order === "row" || scene.links.some(({ relation }) => relation !== "above") ||
    items.some((item) => item.place.x !== undefined);
  return rows.flatMap((row) => {
    if (row.length > 3 && (!ordered || row.length > 6)) return wrap(row);
    return [rows.length > 1 && row.length === 1 ? cornered(row[0]) : row.map(cell)];
  });
}

/** Heights of the rows and widths of their cells: all alike, unless the prompt says what is larger. */
export function sizesOf(rows: SceneCell[][], { objects, shares }: Scene): SplitRatio["rows"] {
  /** A side's share, parted among all that are on it: `many` are beside or above this one, too. */
  const part = (cell: SceneCell, axis: Shares["axis"], all: SceneCell[]) => {
    if (shares?.axis !== axis) return undefined;
    const side = (cell: SceneCell) => {
      if (cell === "setting") return undefined;
      const { place, variants } = objects[cell.object];
      return { ...place, ...variants[cell.index ?? -1]?.place }[axis];
    };
    const [own, sides] = [side(cell), all.map(side)];
    if (!sides.includes(0) || !sides.includes(2) || sides.some((at) => at !== 0 && at !== 2)) return undefined;
    return shares.sizes[own === 0 ? 0 : 1] / sides.filter((at) => at === own).length;
  };
  const firsts = rows.map(([first]) => first);
  return rows.map((row) => ({
    height: part(row[0], "y", firsts) ?? 1,
    widths: row.map((cell) => part(cell, "x", row) ?? (cell === "setting" ? 1 : cell.size)),
  }));
}

function cell({ object, index, size }: Item): SceneCell {
  return { object, index, size };
}

/** So many in each row; the one said to be in the middle takes the middle cell. */
function shaped(items: Item[], counts: number[]): SceneCell[][] {
  const middle = items.findIndex(({ place }) => place.x === 1);
  const centre = Math.floor(items.length / 2);
  if (middle >= 0 && middle !== centre) items.splice(centre, 0, ...items.splice(middle, 1));
  let from = 0;
  return counts.map((count) => items.slice(from, from += count).map(cell));
}

/** An object alone in its row but said to be at one side leaves the rest of the row to the setting. */
function cornered(item: Item): SceneCell[] {
  if (item.place.x === 0) return [cell(item), "setting"];
  return item.place.x === 2 ? ["setting", cell(item)] : [cell(item)];
}

/**
 * More than three in no given order: rows of two to four rather than slivers, broken between kinds where that is near.
 */
function wrap(row: Item[]): SceneCell[][] {
  const rows = Math.ceil(row.length / (row.length > 6 ? 4 : 3));
  const kind = (i: number) => row[i]?.object;
  const breaks = Array.from({ length: rows + 1 }, (_, i) => {
    const even = Math.floor(i * row.length / rows);
    // One more is no worse where the rows cannot be equal anyway.
    const near = i === 0 || i === rows || row.length % rows === 0 ? [even] : [even, even + 1];
    return near.find((at) => kind(at) !== undefined && kind(at) !== kind(at - 1)) ?? even;
  });
  return breaks.slice(1).map((end, i) => row.slice(breaks[i], end).map(cell));
}

/**
 * A height for every item, smaller is higher: from its place, else one step from what it stands above or below, else
 * that of what it stands beside, else the middle.
 */
function rowHeights(scene: Scene, items: Item[]): number[] {
  const of = scene.objects.map((object) => object.place.y as number | undefined);
  for (let round = 0; round < scene.objects.length + 1; round++) {
    for (const { relation, subjects, targets } of scene.links) {
      const step = relation === "above" ? 1 : 0;
      const known = (list: number[]) => list.map((i) => of[i]).filter((y) => y !== undefined);
      const [above, below] = [known(subjects), known(targets)];
      if (below.length) { for (const i of subjects) of[i] ??= Math.min(...below) - step; }
      if (above.length) { for (const i of targets) of[i] ??= Math.max(...above) + step; }
    }
    // Nothing more follows from what is known: fix the next object and go on from there.
    const anchor = scene.links.find((link) => [...link.subjects, ...link.targets].some((i) => of[i] === undefined));
    if (anchor && anchor.targets.every((i) => of[i] === undefined)) of[anchor.targets[0]] = 1;
  }
  return items.map((item) => item.place.y ?? of[item.object] ?? 1);
}

/** Reading order, moved about by places and by "left of", "beside" and "between". */
function orderRow(items: Item[], links: Link[]): Item[] {
  let row = items.map((item, i) => ({ item, i }))
    .sort((a, b) => (a.item.place.x ?? 1) - (b.item.place.x ?? 1) || a.i - b.i).map(({ item }) => item);
  for (const { relation, subjects, targets } of links) {
    const first = row.findIndex((item) => targets.includes(item.object));
    const moving = row.filter((item) => subjects.includes(item.object));
    if (relation === "above" || first < 0 || moving.length === 0) continue;
    const lastTarget = row.findLastIndex((item) => targets.includes(item.object));
    const others = row.filter((item) => !subjects.includes(item.object));
    if (relation === "left" && row.findLastIndex((item) => subjects.includes(item.object)) < first) continue;
    if (relation === "beside" && isNeighbour(row, subjects, targets)) continue;
    const target = relation === "left" || relation === "between" ? row[first] : row[lastTarget];
    const at = others.indexOf(target) + (relation === "left" ? 0 : 1);
    row = [...others.slice(0, at), ...moving, ...others.slice(at)];
  }
  return row;
}

function isNeighbour(row: Item[], subjects: number[], targets: number[]): boolean {
  return row.some((item, i) =>
    subjects.includes(item.object) && (targets.includes(row[i - 1]?.object) || targets.includes(row[i + 1]?.object))
  );
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
