/** From heat to contours: what is cut, closed, grown, and what shows nothing. */
import assert from "@std/assert";
import { contour } from "../../src/edit/contour.ts";
import { boxAround, onGrid } from "../../src/edit/mask.ts";
import { filled, type Picture } from "../../src/picture/picture.ts";
import { dilated, partsOf, withoutHoles } from "../../src/picture/morphology.ts";

/** White with a red square [24, 56) × [16, 48) that has a white hole, and a small blue one. */
function scene(): Picture {
  const picture = filled(96, 64, [255, 255, 255, 255]);
  const paint = (x0: number, y0: number, x1: number, y1: number, rgb: number[]) => {
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) picture.data.set(rgb, (y * 96 + x) * 4);
  };
  paint(24, 16, 56, 48, [200, 30, 30]);
  paint(36, 28, 44, 36, [255, 255, 255]);
  paint(76, 28, 84, 36, [30, 30, 200]);
  return picture;
}

/** A blurred map of 12 × 8 that is warm on the square, less on the blue one. */
const values = Float32Array.from({ length: 96 }, (_, i) => {
  const [x, y] = [i % 12, Math.floor(i / 12)];
  const square = x >= 3 && x < 7 && y >= 2 && y < 6 ? 0.2 : x >= 2 && x < 8 && y >= 1 && y < 7 ? 0.08 : 0.01;
  return square + (x === 9 && y === 4 ? 0.15 : 0);
});

Deno.test("a contour follows the picture's edges, has no holes, and is of the part that is warmest", () => {
  const mask = contour({ width: 12, height: 8, values }, scene())!;
  let [both, any] = [0, 0];
  for (let i = 0; i < 96 * 64; i++) {
    const [x, y] = [i % 96, Math.floor(i / 96)];
    const [white, square] = [mask.data[i * 4] === 255, x >= 24 && x < 56 && y >= 16 && y < 48];
    both += Number(white && square);
    any += Number(white || square);
  }
  assert.ok(both / any > 0.75, `${both / any}`);
  assert.equal(mask.data[(32 * 96 + 40) * 4], 255); // the hole
  assert.equal(mask.data[(32 * 96 + 80) * 4], 0); // the blue one
  const within = contour({ width: 12, height: 8, values }, scene(), { x0: 0.7, y0: 0, x1: 1, y1: 1 })!;
  assert.ok(boxAround(within)!.x0 > 0.65);
});

Deno.test("a map that shows nothing in particular has no contour", () => {
  const flat = Float32Array.from({ length: 96 }, (_, i) => 0.1 + (i % 5) / 1000);
  assert.equal(contour({ width: 12, height: 8, values: flat }, filled(96, 64, [9, 9, 9, 255])), undefined);
});

Deno.test("parts touch along sides, holes are closed, growth is round, squares of a grid are white or black", () => {
  const shape = Uint8Array.from([
    [1, 1, 1, 0, 0],
    [1, 0, 1, 0, 1],
    [1, 1, 1, 0, 0],
  ].flat());
  assert.deepEqual(partsOf(shape, 5).map((part) => part.length), [8, 1]);
  assert.deepEqual([...withoutHoles(shape, 5)].filter((v) => v).length, 10);
  const dot = new Uint8Array(49);
  dot[24] = 1;
  assert.equal(dilated(dot, 7, 2).reduce((a, b) => a + b, 0), 13); // all at most 2 from the middle
  assert.equal(dilated(Uint8Array.from([1, 0, 0]), 3, 1).join(""), "110");
  const mask = filled(5, 3, [0, 0, 0, 255]);
  mask.data.fill(255, 4 * 4, 4 * 4 + 3);
  assert.deepEqual(boxAround(onGrid(mask, 2)), { x0: 0.8, y0: 0, x1: 1, y1: 2 / 3 });
});
