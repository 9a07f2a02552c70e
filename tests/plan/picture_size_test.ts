import assert from "@std/assert";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { layoutOf } from "../../src/plan/layout_of.ts";
import { pictureSize } from "../../src/plan/picture_size.ts";
import { plainPlan, type Plan } from "../../src/plan/plan.ts";

const size = (plan: Plan, leastSide?: number) =>
  Object.values(pictureSize(layoutOf(plan), { width: 128, height: 128, regions: { leastSide } }));
const split = (splitRatio: string, count: number) =>
  planFromRegions({ regions: Array<string>(count).fill("a bee"), splitRatio });

Deno.test("a picture grows until its smallest region has room, each side for itself, and not without end", () => {
  assert.deepEqual(size(plainPlan("a bee", "none"), 64), [128, 128]);
  assert.deepEqual(size(split("1,1", 2), 64), [128, 128]);
  assert.deepEqual(size(split("1,1,1", 3), 64), [192, 128]);
  assert.deepEqual(size(split("1,1;2,1,1,1,1,1", 6), 64), [320, 192]);
  assert.deepEqual(size(split("1,99", 2), 64), [512, 128]);
  assert.deepEqual(size(split("1,99", 2)), [128, 128]);
});
