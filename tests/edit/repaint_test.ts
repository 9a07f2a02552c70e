/** What each round paints, and how much further than the one before it goes. */
import assert from "@std/assert";
import { boxAround, boxMask } from "../../src/edit/mask.ts";
import type { Operation } from "../../src/edit/operation.ts";
import { repaintOf } from "../../src/edit/repaint.ts";
import { filled, type Picture } from "../../src/picture/picture.ts";
import { plainPlan } from "../../src/plan/plan.ts";

const page = filled(64, 64, [200, 200, 200, 255]);
const plan = plainPlan("a table", "rules");

async function masks(operation: Operation, rounds = [1, 2, 3]) {
  const paint = (round: number) =>
    repaintOf(operation, page, plan, {
      round,
      grid: 8,
      steps: 20,
      settings: {},
      seen: { x0: 0.5, y0: 0.25, x1: 0.9, y1: 0.5 },
    });
  return (await Promise.all(rounds.map(paint))).map(({ mask }) => around(mask));
}

function around(mask: Picture): number[] {
  const { x0, y0, x1, y1 } = boxAround(mask)!;
  return [x0, y0, x1, y1].map((share) => share * 64);
}

Deno.test("a removal paints a little round the contour, more where something was left, and at last all of its place", async () => {
  const mask = boxMask({ x0: 0.25, y0: 0.25, x1: 0.5, y1: 0.5 }, 64, 64);
  const contour: Operation = { kind: "remove", object: "a pear", box: [0, 0, 0.75, 1], mask, byContour: true };
  // 4 pixels more on each side, then 8 and what the judge sees, in squares of 8 pixels, within the place.
  assert.deepEqual(await masks(contour), [[8, 8, 40, 40], [8, 8, 48, 40], [0, 0, 48, 64]]);
  // A saved contour may be another picture's.
  const small = boxMask({ x0: 0.25, y0: 0.25, x1: 0.5, y1: 0.5 }, 32, 16);
  assert.deepEqual(await masks({ ...contour, mask: small }), await masks(contour));
  // A person's mask and box are as they are.
  const { byContour: _, ...own } = contour;
  assert.deepEqual(await masks(own), [[16, 16, 32, 32], [16, 16, 32, 32], [16, 16, 32, 32]]);
  const box: Operation = { kind: "remove", object: "a pear", box: [0, 0, 0.5, 0.5] };
  assert.deepEqual(await masks(box, [1, 3]), [[0, 0, 32, 32], [0, 0, 32, 32]]);
  // What is recoloured has the same shape in every round.
  assert.deepEqual(await masks({ ...contour, kind: "recolor", words: "red" }, [1, 3]), [[16, 16, 32, 32], [
    16,
    16,
    32,
    32,
  ]]);
});

Deno.test("later rounds are stronger, unless somebody says how strong", async () => {
  const at = async (round: number, strength?: number) =>
    (await repaintOf({ kind: "recolor", object: "a", words: "b" }, page, plan, {
      round,
      grid: 8,
      steps: 20,
      settings: { strength },
    }))
      .strength;
  assert.deepEqual([await at(1), await at(2), await at(9), await at(9, 0.5)], [0.75, 0.875, 1, 0.5]);
  // Of however few steps one runs.
  const few = { round: 1, grid: 8, steps: 2, settings: {} };
  assert.equal((await repaintOf({ kind: "remove", object: "a" }, page, plan, few)).strength, 0.5);
});
