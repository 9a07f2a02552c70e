import assert from "@std/assert";
import { canny } from "../../src/picture/canny.ts";
import { filled } from "../../src/picture/picture.ts";
import { differences, golden } from "./pictures.ts";

Deno.test("edges equal OpenCV's to the pixel", async (t) => {
  for (const name of ["source", "smooth"]) {
    for (const [low, high] of [[100, 200], [50, 60]]) {
      await t.step(`${name}, ${low} to ${high}`, async () => {
        const expected = await golden(`canny_${name}_${low}_${high}.png`);
        const edges = canny(await golden(`${name}.png`), high, low); // the smaller one is the lower, wherever it stands
        assert.equal(differences(edges, expected), 0);
        assert.ok(edges.data.includes(0) && new Set(edges.data).size === 2);
      });
    }
  }
});

Deno.test("a picture of one pixel has no edges", () => {
  assert.deepEqual([...canny(filled(1, 1, [255, 255, 255, 255])).data], [0, 0, 0, 255]);
});
