/**
 * Plans of many regions, for what they cost.
 *
 * @module
 */
import { planFromRegions } from "../src/plan/from_regions.ts";
import type { Plan } from "../src/plan/plan.ts";

/** Regions in a grid and nothing else: a model's own base ratio would draw the whole picture besides. */
export function regional(columns: number, rows: number): Plan {
  const regions = Array.from({ length: columns * rows }, (_, i) => i % 2 ? "a blue car" : "a red apple");
  const row = [1, ...Array(columns).fill(1)].join(",");
  const splitRatio = rows === 1 ? Array(columns).fill(1).join(",") : Array(rows).fill(row).join(";");
  return { ...planFromRegions({ regions, splitRatio, mode: "attention" }), baseRatio: 0 };
}
