/**
 * Room for one more thing: near where it was asked for, and not over what stands there.
 *
 * @module
 */
import type { Rect } from "../region/layout.ts";
import { overlap } from "./rects.ts";

/** Sizes that are tried, as shares of the sides that were asked for. */
const SIZES = [1, 0.8, 0.64, 0.5];
/** Distance between places that are tried, as a share of the picture. */
const STEP = 1 / 32;
/** Share of the smaller of two boxes that may overlap: no thing fills its box to the corners. */
const TOUCH = 0.04;
/** What a smaller box costs, as a distance: half the size is as bad as a third of the picture farther away. */
const SMALLER = 2 / 3;

/**
 * The place asked for where it is free, else the nearest that is, a little smaller rather than far away.
 *
 * @param taken where things stand
 * @param least sides below which it is not made smaller, as fractions
 * @returns undefined where there is no room
 */
export function freePlace(
  asked: Rect,
  taken: readonly Rect[],
  least: { width: number; height: number } = { width: 0, height: 0 },
): Rect | undefined {
  const isFree = (box: Rect) => taken.every((thing) => overlap(thing, box) <= TOUCH);
  if (isFree(asked)) return asked;
  const middle = centre(asked);
  const smaller = (whole: number, size: number, least: number) => Math.max(whole * size, Math.min(whole, least));
  let [best, lowest] = [undefined as Rect | undefined, Infinity];
  for (const size of SIZES) {
    const width = smaller(asked.x1 - asked.x0, size, least.width);
    const height = smaller(asked.y1 - asked.y0, size, least.height);
    for (let y0 = 0; y0 <= 1 - height + 1e-9; y0 += STEP) {
      for (let x0 = 0; x0 <= 1 - width + 1e-9; x0 += STEP) {
        const box = { x0, y0, x1: x0 + width, y1: y0 + height };
        const cost = away(centre(box), middle) + SMALLER * (1 - size);
        if (cost < lowest && isFree(box)) [best, lowest] = [box, cost];
      }
    }
  }
  return best;
}

interface Point {
  x: number;
  y: number;
}

function centre({ x0, y0, x1, y1 }: Rect): Point {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
}

/**
 * How far the middle of a box is from the one that was asked for. Infinite where it keeps to none of the sides that
 * were named: "at the top left" may become the top right, "at the left" never the right.
 */
function away(at: Point, asked: Point): number {
  const sides = (["x", "y"] as const).map((axis) => {
    const isNamed = asked[axis] < 0.4 || asked[axis] > 0.6;
    const isLeft = isNamed && asked[axis] < 0.5 !== at[axis] < 0.5;
    // A side that was named weighs twice, and more where the box is not on it.
    return { isNamed, isLeft, far: Math.abs(at[axis] - asked[axis]) * (isNamed ? 2 : 1) + (isLeft ? 0.25 : 0) };
  });
  const count = (which: "isNamed" | "isLeft") => sides.filter((side) => side[which]).length;
  return count("isLeft") && count("isLeft") === count("isNamed")
    ? Infinity
    : Math.hypot(...sides.map(({ far }) => far));
}
