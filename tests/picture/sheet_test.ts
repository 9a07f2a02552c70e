import assert from "@std/assert";
import { filled, type Picture } from "../../src/picture/picture.ts";
import { drawSheet } from "../../src/picture/sheet.ts";

const cell = (picture: Picture) => ({
  width: picture.width,
  height: picture.height,
  picture: () => Promise.resolve(picture),
});
const count = ({ data }: Picture, [r, g, b]: number[]) => {
  let found = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) found++;
  return found;
};
const RED = [255, 0, 0, 255] as const, BLUE = [0, 0, 255, 255] as const;

Deno.test("pictures of several sizes are whole on the sheet, a missing one is an empty place, labels are ink", async () => {
  const sheet = {
    columns: 2,
    cells: [cell(filled(40, 30, RED)), cell(filled(24, 50, BLUE)), { width: 40, height: 30 }],
  };
  const plain = await drawSheet(sheet);
  assert.equal(count(plain, [...RED]), 40 * 30);
  assert.equal(count(plain, [...BLUE]), 24 * 50);
  const labelled = await drawSheet({ ...sheet, title: "cats", across: ["seed 1", "seed 2"], down: ["a", "b"] });
  assert.equal(count(labelled, [...RED]), 40 * 30);
  assert.ok(labelled.width > plain.width && labelled.height > plain.height);
  const ink = (page: Picture) => count(page, [24, 26, 32]);
  assert.ok(ink(labelled) > ink(plain) + 200);
});

Deno.test("a sheet that would be too large has smaller pictures", async () => {
  const { width, height } = await drawSheet({ columns: 400, cells: Array(400).fill(cell(filled(64, 8, RED))) });
  assert.ok(width <= 16383 && height < 60, `${width}×${height}`);
});
