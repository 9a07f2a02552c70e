/**
 * The contour of a thing from where a model sees it.
 *
 * @module
 */
import { guidedFilter } from "../picture/guided_filter.ts";
import { dilated, partsOf, withoutHoles } from "../picture/morphology.ts";
import { otsu } from "../picture/otsu.ts";
import { filled, type Picture } from "../picture/picture.ts";
import { resized } from "../picture/resize.ts";
import { stretched } from "../picture/stretched.ts";
import type { Rect } from "../region/layout.ts";
import { boxMask, whiteIn } from "./mask.ts";

/** Numbers that say how much each place belongs to the thing. */
export interface HeatMap {
  width: number;
  height: number;
  /** [height·width] */
  values: ArrayLike<number>;
}

/** Windows of the guided filter, as a share of the shorter side: as far as heat maps are wrong about edges. */
const REACH = 1 / 8;
const EPSILON = 1e-3;
/** Share of the shorter side by which a contour is grown: the edge of a thing belongs to it. */
const GROWTH = 1 / 42;
/** Least ratio of the heat inside to that outside: below it the thing was not seen. */
const CONTRAST = 3;
/** Most of a picture that one thing fills: where more is warm, the map shows nothing in particular. */
const MOST = 0.5;

/**
 * A mask, white where the thing is: the heat takes the picture's edges, is cut by Otsu's threshold; the part with the
 * most heat loses its holes and is grown a little.
 *
 * @param picture of any size; the mask has it
 * @param within a box that holds the thing
 * @returns undefined where the map shows no thing
 */
export function contour(map: HeatMap, picture: Picture, within?: Rect): Picture | undefined {
  const { width: fullWidth, height: fullHeight } = picture;
  // Edges are as fine as they need to be at eight pixels for each of the map's.
  const scale = Math.min(1, 8 * Math.max(map.width, map.height) / Math.max(fullWidth, fullHeight));
  const [width, height] = [fullWidth, fullHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const guide = resized(picture, width, height);
  const heat = guidedFilter(
    guide,
    normalised(stretched(map.values, map.width, map.height, width, height)),
    Math.max(1, Math.round(REACH * Math.min(width, height))),
    EPSILON,
  );
  const inside = within && boxMask(within, width, height).data;
  const places = Array.from(heat.keys()).filter((i) => !inside || inside[i * 4] > 0);
  const levels = normalised(heat).map((value) => Math.round(255 * value));
  const cut = otsu(places.map((i) => levels[i]));
  const white = new Uint8Array(width * height);
  for (const i of places) white[i] = Number(levels[i] > cut);
  const heatOf = (part: readonly number[]) => part.reduce((sum, i) => sum + levels[i], 0);
  const [thing = []] = partsOf(white, width).sort((a, b) => heatOf(b) - heatOf(a));
  const kept = new Uint8Array(width * height);
  for (const i of thing) kept[i] = 1;
  if (!isThing(kept, levels, places)) return undefined;
  const shape = dilated(withoutHoles(kept, width), width, Math.round(GROWTH * Math.min(width, height)));
  const mask = whiteIn(filled(width, height, [0, 0, 0, 255]), () => shape);
  return blackAndWhite(resized(mask, fullWidth, fullHeight, "bilinear"));
}

/** Whether a shape is warmer than the places around it, and leaves room in the picture. */
function isThing(shape: Uint8Array, levels: Float32Array, places: readonly number[]): boolean {
  const [sums, counts] = [[0, 0], [0, 0]];
  for (const i of places) {
    sums[shape[i]] += levels[i];
    counts[shape[i]]++;
  }
  const [outside, inside] = sums.map((sum, k) => sum / Math.max(1, counts[k]));
  return counts[1] > 0 && counts[1] <= MOST * shape.length && inside >= CONTRAST * outside;
}

/** 0 … 1. */
function normalised(values: Float32Array): Float32Array {
  const [least, most] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  return values.map((value) => (value - least) / (most - least || 1));
}

function blackAndWhite({ width, height, data }: Picture): Picture {
  return { width, height, data: data.map((value, i) => i % 4 === 3 ? 255 : value >= 128 ? 255 : 0) };
}
