import assert from "@std/assert";
import { coverage, type MaskImage, maskPartition, maskWeights } from "../../src/region/mask_image.ts";

/** White in the right half. */
const right: MaskImage = { width: 4, height: 2, data: Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1) };

Deno.test("coverage is the mean brightness under each cell, at coarser and finer grids", () => {
  assert.deepEqual([...coverage(right, 2, 1)], [0, 1]);
  assert.deepEqual([...coverage(right, 1, 1)], [0.5]);
  assert.deepEqual([...coverage(right, 8, 1)], [0, 0, 0, 0, 1, 1, 1, 1]);
});

Deno.test("a mask takes its cells from the regions below, the later one on top", () => {
  const corner: MaskImage = { width: 2, height: 2, data: Float32Array.of(0, 0, 0, 1) };
  assert.deepEqual([...maskPartition(new Uint8Array(4), [undefined, right, corner], 2, 2)], [0, 1, 0, 2]);
  const weights = maskWeights(
    [new Float32Array(4).fill(1), new Float32Array(4), new Float32Array(4)],
    [, right, corner],
    2,
    2,
  );
  assert.deepEqual(weights.map((w) => [...w]), [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]);
});
