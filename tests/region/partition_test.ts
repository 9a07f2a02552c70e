import assert from "@std/assert";
import fc from "fast-check";
import { type Cut, makeLayout } from "../../src/region/layout.ts";
import { featheredMasks } from "../../src/region/masks.ts";
import { partition } from "../../src/region/partition.ts";
import { cutOf, parseSplitRatio } from "../../src/region/split_ratio.ts";

const layout = (ratio: string) => makeLayout(cutOf(parseSplitRatio(ratio)));

const size = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
const cuts: fc.Arbitrary<Cut> = fc.letrec<{ cut: Cut }>((tie) => ({
  cut: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant<Cut>("region"),
    fc.tuple(
      fc.constantFrom<("x" | "y")[]>("x", "y"),
      fc.array(fc.tuple(size, tie("cut")), { minLength: 1, maxLength: 4 }),
    )
      .map(([axis, parts]): Cut => ({ axis, sizes: parts.map(([size]) => size), parts: parts.map(([, cut]) => cut) })),
  ),
})).cut;

Deno.test("partition: a picture of the regions, row by row", () => {
  assert.deepEqual([...partition(layout("1;1,1,1"), 4, 4)], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 1, 1, 2, 2]);
});

Deno.test("partition: a thin region keeps the nearest column or row at a coarse level", () => {
  assert.deepEqual([...partition(layout("0.02,0.98"), 8, 1)], [0, 1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual([...partition(layout("0.5,0.02,0.48"), 8, 1)], [0, 0, 0, 0, 1, 2, 2, 2]);
  assert.deepEqual([...partition(layout("0.98,0.01,0.01"), 8, 1)], [0, 0, 0, 0, 0, 0, 1, 2]);
  assert.deepEqual([...partition(layout("0.01;0.99"), 1, 4)], [0, 1, 1, 1]);
});

Deno.test("partition: a cell that is split again stays within its borders", () => {
  const nested = makeLayout(cutOf(parseSplitRatio("1,1"), ["region", cutOf(parseSplitRatio("1;3"))]));
  assert.deepEqual([...partition(nested, 4, 4)], [0, 0, 1, 1, 0, 0, 2, 2, 0, 0, 2, 2, 0, 0, 2, 2]);
});

Deno.test("partition: no region vanishes on any grid with as many cells as regions, also nested ones", () => {
  fc.assert(
    fc.property(cuts, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (cut, width, height) => {
      const layout = makeLayout(cut);
      fc.pre(layout.cells.length <= Math.min(width * height, 256));
      const grid = partition(layout, width, height);
      assert.equal(grid.length, width * height);
      assert.equal(new Set(grid).size, layout.cells.length);
    }),
  );
});

Deno.test("partition: at fine levels each region has its share of the picture", () => {
  fc.assert(fc.property(cuts, (cut) => {
    const layout = makeLayout(cut);
    const areas = layout.cells.map(({ rect }) => (rect.x1 - rect.x0) * (rect.y1 - rect.y0));
    fc.pre(Math.min(...areas) > 0.01);
    const counts = new Array(areas.length).fill(0);
    for (const region of partition(layout, 300, 300)) counts[region]++;
    areas.forEach((area, i) => assert(Math.abs(counts[i] / 90000 - area) < 0.01));
  }));
});

Deno.test("masks: weights sum to 1 everywhere, and without feather they are the partition", () => {
  fc.assert(fc.property(
    cuts,
    fc.integer({ min: 1, max: 24 }),
    fc.integer({ min: 1, max: 24 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (cut, width, height, feather) => {
      const layout = makeLayout(cut);
      fc.pre(layout.cells.length <= Math.min(width * height, 256));
      const masks = featheredMasks(layout, width, height, feather);
      const hard = featheredMasks(layout, width, height);
      partition(layout, width, height).forEach((region, i) => {
        assert(Math.abs(masks.reduce((sum, mask) => sum + mask[i], 0) - 1) < 1e-6);
        assert(masks.every((mask) => mask[i] >= 0));
        assert.equal(hard[region][i], 1);
      });
    },
  ));
});

Deno.test("masks: a feathered border is a ramp centred on it", () => {
  const [left, right] = featheredMasks(layout("1,1"), 8, 1, 0.5);
  assert.deepEqual([...left], [1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0]);
  assert.deepEqual([...right], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]);
});
