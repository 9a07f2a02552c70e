/** Masks that are finer than latents or the cells of regions. */
import assert from "@std/assert";
import type { Mask } from "../../src/picture/inpaint.ts";
import { lostShare, unseenPixels } from "../../src/pipeline/fineness.ts";
import type { MaskImage } from "../../src/region/mask_image.ts";

Deno.test("what is a latent wide is seen wherever it lies; of what is finer, all that lies a latent away is counted", () => {
  const mask: Mask = { width: 48, height: 40, data: new Uint8Array(48 * 40) };
  const paint = (left: number, top: number, width: number, height: number) => {
    for (let y = top; y < top + height; y++) mask.data.fill(1, y * 48 + left, y * 48 + left + width);
  };
  for (let at = 0; at < 64; at++) {
    mask.data.fill(0);
    paint(9 + at % 8, 9 + (at >> 3), 8, 8);
    paint(9 + at % 8, 12 + (at >> 3), 11, 5); // thinner beside it, as an outline is
    assert.deepEqual(unseenPixels(mask, 8).unseen, 0, `${at}`);
  }
  mask.data.fill(0);
  paint(0, 8, 8, 8);
  paint(0, 9, 48, 1); // a hair that leaves it: the latent beside it is near what is seen
  assert.deepEqual(unseenPixels(mask, 8), { unseen: 32, white: 104 });
});

Deno.test("of a mask, what is finer than a cell is lost; edges of what is broad are not, wherever they lie", () => {
  const side = 64;
  const maskOf = (white: (x: number, y: number) => boolean): MaskImage => ({
    width: side,
    height: side,
    data: Float32Array.from({ length: side ** 2 }, (_, i) => white(i % side, Math.floor(i / side)) ? 1 : 0),
  });
  for (let at = 0; at < 8; at++) {
    assert.equal(lostShare(maskOf((x, y) => x >= 13 + at && x < 29 + at && y >= 9 && y < 25), 8, 8), 0, `${at}`);
  }
  const block = (x: number, y: number) => x < 16 && y < 16;
  assert.equal(lostShare(maskOf((x, y) => block(x, y) || y === 40), 8, 8), 64 / (256 + 64));
  assert.deepEqual([lostShare(maskOf((_, y) => y === 40), 8, 8), lostShare(maskOf(() => false), 8, 8)], [1, 1]);
});
