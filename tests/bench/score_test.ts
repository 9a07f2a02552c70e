/** What counts as right in the composition benchmark. */
import assert from "@std/assert";
import type { Found } from "../../src/judge/detector.ts";
import { interval, score } from "../../bench/score.ts";
import { seams } from "../../bench/seams.ts";

const asked = [{ name: "fox", colour: "blue", x: 0.25, y: 0.5 }, { name: "pear", colour: null, x: 0.75, y: 0.5 }];
const find = (name: string, colour: string | undefined, x: number): Found => ({
  name,
  colour,
  x,
  y: 0.4,
  box: { x0: x - 0.1, y0: 0.3, x1: x + 0.1, y1: 0.5 },
  cells: 20,
});

Deno.test("a picture is all right where every object has its colour and its place", () => {
  const right = score(asked, [find("fox", "blue", 0.3), find("pear", "red", 0.8)]);
  assert.deepEqual(right, { objects: 2, object: 2, coloured: 1, colour: 1, place: 2, twice: 0, allRight: true });
  assert.equal(score(asked, [find("fox", "red", 0.3), find("pear", undefined, 0.8)]).allRight, false);
  const swapped = score(asked, [find("pear", undefined, 0.2), find("fox", "blue", 0.8)]);
  assert.deepEqual(swapped, { objects: 2, object: 2, coloured: 1, colour: 1, place: 0, twice: 0, allRight: false });
});

Deno.test("colour and place of two different finds do not make one right object", () => {
  const split = score(asked, [find("fox", "blue", 0.9), find("fox", "red", 0.1), find("pear", undefined, 0.7)]);
  assert.deepEqual(split, { objects: 2, object: 2, coloured: 1, colour: 1, place: 2, twice: 1, allRight: false });
  assert.equal(score(asked, []).object, 0);
});

Deno.test("a thing that comes twice is wrong", () => {
  const found = [find("fox", "blue", 0.2), find("fox", "blue", 0.4), find("pear", undefined, 0.8)];
  const { twice, place, allRight } = score(asked, found);
  assert.deepEqual({ twice, place, allRight }, { twice: 1, place: 2, allRight: false });
});

Deno.test("of several that are asked for anywhere, each needs a find of its own", () => {
  const three = [{ name: "fox", colour: "blue" }, { name: "fox", colour: "blue" }, { name: "fox", colour: "red" }];
  const foxes = (...colours: string[]) => score(three, colours.map((colour, i) => find("fox", colour, i / 4)));
  assert.equal(foxes("blue", "red", "blue").allRight, true);
  const { object, colour, place, twice, allRight } = foxes("blue", "red");
  assert.deepEqual({ object, colour, place, twice, allRight }, {
    object: 2,
    colour: 2,
    place: 2,
    twice: 0,
    allRight: false,
  });
  assert.equal(foxes("blue", "red", "red").allRight, false);
  assert.equal(foxes("blue", "red", "blue", "blue").allRight, false);
});

Deno.test("a seam is where neighbours' backgrounds are more than 20 levels apart", () => {
  const cells = [{ x0: 0, y0: 0, x1: 0.5, y1: 1 }, { x0: 0.5, y0: 0, x1: 1, y1: 0.5 }, {
    x0: 0.5,
    y0: 0.5,
    x1: 1,
    y1: 1,
  }];
  const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 4) };
  const paint = (level: (x: number, y: number) => number) => {
    for (let i = 0; i < 64 * 64; i++) image.data.fill(level(i % 64, Math.floor(i / 64)), i * 4, i * 4 + 3);
    return seams(image, cells);
  };
  // A thing in the middle of a cell, and one that reaches its edge, are no background.
  const thing = (x: number, y: number) => Math.hypot(x - 16, y - 32) < 16;
  assert.deepEqual(paint((x, y) => thing(x, y) ? 0 : 200), { borders: 3, seams: 0, edges: 0 });
  assert.deepEqual(paint((x, y) => thing(x, y) ? 0 : x < 32 ? 200 : 180), { borders: 3, seams: 0, edges: 0 });
  assert.deepEqual(paint((x, y) => thing(x, y) ? 0 : x < 32 ? 200 : y < 32 ? 170 : 190), {
    borders: 3,
    seams: 1,
    edges: 1,
  });
  // A sky that is paler below is seen as two backgrounds, and no line parts them.
  assert.deepEqual(paint((_, y) => 100 + 2 * y), { borders: 3, seams: 2, edges: 0 });
});

Deno.test("intervals are Wilson's", () => {
  // Wilson 1927; the figures for 8 of 10 as in any table of the interval.
  const { share, low, high } = interval(8, 10);
  assert.deepEqual([share, low, high].map((v) => v.toFixed(1)), ["80.0", "49.0", "94.3"]);
});
