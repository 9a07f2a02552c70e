import assert from "@std/assert";
import { guidedFilter } from "../../src/picture/guided_filter.ts";
import { otsu } from "../../src/picture/otsu.ts";
import { filled } from "../../src/picture/picture.ts";
import { assertClose } from "../ops/harness.ts";
import { golden } from "./pictures.ts";

interface Case {
  radius: number;
  epsilon: number;
  otsu: number;
  values: number[];
}

Deno.test("a plane takes a picture's edges as OpenCV's guided filter has it, and is cut where OpenCV cuts", async () => {
  const guide = await golden("rgb.png");
  const plane = Array.from({ length: 16 * 24 }, (_, i) => (7 * Math.floor(i / 24) + 3 * (i % 24)) % 11 / 11);
  const cases: Case[] = JSON.parse(
    await Deno.readTextFile(new URL("../golden/picture/guided.json", import.meta.url)),
  );
  for (const { radius, epsilon, otsu: cut, values } of cases) {
    const out = guidedFilter(guide, plane, radius, epsilon);
    assertClose(out, values, 1e-4, 0);
    assert.equal(otsu(values.map((v) => Math.round(255 * v))), cut);
  }
});

Deno.test("in a flat picture a plane is only smoothed", () => {
  const out = guidedFilter(filled(5, 3, [9, 9, 9, 255]), new Float32Array(15).fill(0.25), 2, 1e-3);
  assertClose(out, new Float32Array(15).fill(0.25), 1e-6, 0);
  assert.equal(otsu([3, 3, 3]), 0);
});
