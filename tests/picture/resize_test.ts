import assert from "@std/assert";
import { type Filter, fitted, resized } from "../../src/picture/resize.ts";
import { differences, golden } from "./pictures.ts";

Deno.test("resizing equals Pillow's to the bit, up and down at once", async (t) => {
  const source = await golden("source.png");
  for (const filter of ["nearest", "bilinear", "bicubic", "lanczos"] as Filter[]) {
    for (const [width, height] of [[41, 90], [150, 133]]) {
      await t.step(`${filter} to ${width}×${height}`, async () => {
        const expected = await golden(`${filter}_${width}x${height}.png`);
        assert.equal(differences(resized(source, width, height, filter), expected), 0);
      });
    }
  }
});

Deno.test("crop fills the size, pad keeps the whole picture, stretch distorts", () => {
  const data = new Uint8Array([10, 0, 0, 255, 20, 0, 0, 255, 30, 0, 0, 255, 40, 0, 0, 255]);
  const wide = { width: 4, height: 1, data };
  const reds = (fit: "crop" | "stretch" | "pad") => {
    const { data } = fitted(wide, 2, 2, fit, "nearest");
    return [0, 4, 8, 12].map((i) => data[i]);
  };
  assert.deepEqual(reds("crop"), [20, 30, 20, 30].map((red) => red === 20 ? 20 : 30));
  assert.deepEqual(reds("stretch"), [20, 40, 20, 40]);
  assert.deepEqual(reds("pad"), [20, 40, 20, 40]);
});
