import assert from "@std/assert";
import { maskOf, putBack, sharesOf } from "../../src/picture/inpaint.ts";
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
