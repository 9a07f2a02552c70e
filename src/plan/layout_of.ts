/**
 * Where a plan's regions lie, and how much of the base prompt each shows.
 *
 * @module
 */
import { PlannerError } from "../errors.ts";
import { parseBaseRatio } from "../region/base_ratio.ts";
import { type Box, type Cut, type Layout, makeLayout } from "../region/layout.ts";
import { cellCount, cutOf, parseSplitRatio, type SplitRatio } from "../region/split_ratio.ts";
import { type Plan, type PlanCell, regionsOf } from "./plan.ts";

/** Base ratio where a plan has a base prompt but no ratio; planners raise it for several entities of one class. */
export const DEFAULT_BASE_RATIO = 0.2;

/** Where the regions lie. Throws PlannerError where a split ratio cannot be read or disagrees with its prompts. */
export function layoutOf(plan: Pick<Plan, "splitRatio" | "regions">): Layout {
  const cut = (cell: Pick<Plan, "splitRatio" | "regions">): Cut | undefined => {
    const split = splitOf(cell);
    return split && cutOf(split, tilesOf(cell).map((part) => "regions" in part ? cut(part)! : "region"));
  };
  const boxes = regionsOf(plan).flatMap(({ box, depth = 0 }, region): Box[] => {
    if (!box) return [];
    const [x0, y0, x1, y1] = box;
    return [{ rect: { x0, y0, x1, y1 }, region, depth }];
  });
  return makeLayout(cut(plan), boxes);
}

/**
 * The weight of the base prompt in each region, in reading order; zeros where the plan has no base prompt. A region's
 * own ratio goes before the plan's, a split cell passes its ratio on; boxes take the last of a list; without either it
 * is `DEFAULT_BASE_RATIO`.
 */
export function baseRatiosOf(plan: Pick<Plan, "splitRatio" | "regions" | "basePrompt" | "baseRatio">): number[] {
  const rows = splitOf(plan)?.rows ?? [{ widths: [1] }];
  const given = parseBaseRatio(plan.baseRatio ?? DEFAULT_BASE_RATIO, rows.map((row) => row.widths.length));
  const tiles = tilesOf(plan);
  const own = plan.regions.flatMap((cell) => {
    const ratio = given[tiles.includes(cell) ? tiles.indexOf(cell) : given.length - 1];
    return regionsOf({ regions: [cell] }).map((region) => region.baseRatio ?? ratio);
  });
  return plan.basePrompt === undefined ? own.map(() => 0) : own;
}

/** The split ratio, read; none where all regions have boxes. */
export function splitOf(plan: Pick<Plan, "splitRatio" | "regions">): SplitRatio | undefined {
  const tiles = tilesOf(plan).length;
  if (tiles > 0) return parseSplitRatio(plan.splitRatio, tiles);
  if (cellCount(parseSplitRatio(plan.splitRatio)) === 1) return undefined;
  throw new PlannerError(
    `Split ratio "${plan.splitRatio}" has nothing to split: every region has a box. Leave one of them out.`,
  );
}

/** What a split ratio splits: the cells without a box. */
function tilesOf({ regions }: Pick<Plan, "regions">): PlanCell[] {
  return regions.filter((cell) => "regions" in cell || cell.box === undefined);
}
