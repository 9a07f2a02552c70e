/** Regions that lie over others. */
import assert from "@std/assert";
import fc from "fast-check";
import { type Box, type Layout, makeLayout } from "../../src/region/layout.ts";
import { featheredMasks } from "../../src/region/masks.ts";
import { partition } from "../../src/region/partition.ts";
import { cutOf, parseSplitRatio } from "../../src/region/split_ratio.ts";
import { hiddenRegions, largestRects } from "../../src/region/visible.ts";

const box = (region: number, [x0, y0, x1, y1]: number[], depth = 0): Box => ({
  region,
  rect: { x0, y0, x1, y1 },
  depth,
});
/** Rows of digits, one for each cell. */
const rows = (layout: Layout, width: number, height: number) =>
  Array.from({ length: height }, (_, y) => partition(layout, width, height).slice(y * width, (y + 1) * width).join(""));

Deno.test("what is nearer lies over what is farther, of equals the later, and the rest is around them", () => {
  const [house, cat] = [[0, 0, 0.75, 0.75], [0.5, 0.5, 1, 1]];
  const over = (a: number, b: number) => rows(makeLayout(undefined, [box(0, house, a), box(1, cat, b)]), 4, 4);
  assert.deepEqual(over(2, 1), ["0002", "0002", "0011", "2211"]);
  assert.deepEqual(over(0, 0), over(2, 1));
  assert.deepEqual(over(1, 2), ["0002", "0002", "0001", "2211"]);
});

Deno.test("boxes lie over the cells of a split ratio, wherever they stand among them", () => {
  const layout = makeLayout(cutOf(parseSplitRatio("1;1")), [box(1, [0.25, 0.25, 0.75, 0.75])]);
  assert.deepEqual(rows(layout, 4, 4), ["0000", "0110", "2112", "2222"]);
  assert.equal(layout.rest, undefined);
});

const boxes = fc.array(
  fc.tuple(fc.nat(19), fc.nat(19), fc.nat(19), fc.nat(19), fc.nat(3)),
  { minLength: 1, maxLength: 6 },
).map((list) =>
  list.map(([a, b, c, d, depth], i) => {
    const [x0, x1, y0, y1] = [Math.min(a, b), Math.max(a, b) + 1, Math.min(c, d), Math.max(c, d) + 1].map((v) =>
      v / 20
    );
    return box(i, [x0, y0, x1, y1], depth);
  })
);

Deno.test("no region vanishes on a coarse grid, weights of ramps sum to 1, and what is hidden is what no fine grid shows", () => {
  fc.assert(
    fc.property(boxes, fc.integer({ min: 3, max: 30 }), fc.integer({ min: 3, max: 30 }), (list, width, height) => {
      const layout = makeLayout(undefined, list);
      const owned = new Set(partition(layout, width, height));
      for (const { region } of list) assert.ok(owned.has(region), `region ${region}`);
      for (const feather of [0, 0.2]) {
        const masks = featheredMasks(layout, width, height, feather);
        for (let i = 0; i < width * height; i++) {
          assert.ok(Math.abs(masks.reduce((sum, mask) => sum + mask[i], 0) - 1) < 1e-5);
        }
      }
      // On 20 × 20 cells every box is exact, so only what is wholly covered lives by grace of the rescue.
      const fine = featheredMasks(layout, 20, 20, 1e-6);
      const hidden = list.filter(({ region }) => fine[region].every((weight) => weight === 0)).map(({ region }) =>
        region
      );
      assert.deepEqual(hiddenRegions(layout), hidden);
    }),
    { numRuns: 60 },
  );
});

Deno.test("the largest rectangle of each region is its own, and none is larger", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 20, maxLength: 20 }), (cells) => {
      const best = largestRects(Uint8Array.from(cells), 5, 4, 3);
      const uniform = (x0: number, x1: number, y0: number, y1: number, region: number) => {
        for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (cells[y * 5 + x] !== region) return false;
        return true;
      };
      best.forEach((rect, region) => {
        let most = 0;
        for (let x0 = 0; x0 < 5; x0++) {
          for (let x1 = x0 + 1; x1 <= 5; x1++) {
            for (let y0 = 0; y0 < 4; y0++) {
              for (let y1 = y0 + 1; y1 <= 4; y1++) {
                if (uniform(x0, x1, y0, y1, region)) most = Math.max(most, (x1 - x0) * (y1 - y0));
              }
            }
          }
        }
        assert.equal(rect ? (rect.x1 - rect.x0) * (rect.y1 - rect.y0) : 0, most);
        if (rect) assert.ok(uniform(rect.x0, rect.x1, rect.y0, rect.y1, region));
      });
    }),
  );
});
