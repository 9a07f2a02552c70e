import assert from "@std/assert";
import { type Mask, maskOf, putBack, sharesOf, unseenPixels } from "../../src/picture/inpaint.ts";
import { filled } from "../../src/picture/picture.ts";

Deno.test("what is put back fades in inside a mask that turns inwards, and leaves the rest to the bit", () => {
  const side = 24;
  const white = filled(side, side, [0, 0, 0, 255]);
  // An L, whose nook is at (8, 16).
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (x < 8 || y >= 16) white.data.fill(255, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  }
  const [page, image] = [filled(side, side, [10, 20, 30, 255]), filled(side, side, [200, 100, 50, 255])];
  const mask = maskOf(white);
  const { data } = putBack(page, image, { left: 0, top: 0, width: side, height: side }, sharesOf(mask, 4));
  mask.data.forEach((inside, i) => {
    if (!inside) assert.deepEqual([...data.subarray(i * 4, i * 4 + 3)], [10, 20, 30], `pixel ${i}`);
  });
  assert.deepEqual([...data.subarray((20 * side + 2) * 4, (20 * side + 2) * 4 + 3)], [200, 100, 50]);
});

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
