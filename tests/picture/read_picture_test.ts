import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { golden, rgb } from "./pictures.ts";

const meanDifference = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + Math.abs(x - b[i]), 0) / a.length;

Deno.test("every kind of file shows the same picture", async (t) => {
  const plain = await golden("rgb.png");
  const near: [name: string, most: number][] = [
    ["alpha.png", 0],
    ["sixteen.png", 0],
    ["lossless.webp", 0],
    ["palette.png", 0],
    ["baseline.jpg", 3],
  ];
  for (const [name, most] of near) {
    await t.step(name, async () => {
      const picture = await golden(name);
      assert.deepEqual([picture.width, picture.height], [24, 16]);
      assert.ok(meanDifference(rgb(picture), rgb(plain)) <= most);
    });
  }
  await t.step("grey ones are grey, transparent ones keep their alpha", async () => {
    const [grey, both] = [await golden("grey.png"), await golden("grey_alpha.png")];
    assert.deepEqual(rgb(both), rgb(grey));
    assert.ok(rgb(grey).every((value, i, all) => value === all[i - i % 3]));
    assert.deepEqual([both.data[3], both.data[both.data.length - 1]], [8, 247]);
  });
});

Deno.test("a photograph stands upright, however the camera was held", async (t) => {
  // Pillow stored the same pixels each time: shown upright, every picture is another turn or mirror image of them.
  const { data } = await golden("baseline.jpg");
  const red = (x: number, y: number) => data[(y * 24 + x) * 4];
  const corners = { topLeft: red(0, 0), topRight: red(23, 0), bottomLeft: red(0, 15), bottomRight: red(23, 15) };
  const firstCorner = { 2: "topRight", 3: "bottomRight", 4: "bottomLeft", 5: "topLeft", 6: "bottomLeft" };
  for (const [orientation, corner] of Object.entries({ ...firstCorner, 7: "bottomRight", 8: "topRight" })) {
    await t.step(`orientation ${orientation}`, async () => {
      const picture = await golden(`exif_${orientation}.jpg`);
      assert.deepEqual([picture.width, picture.height], Number(orientation) >= 5 ? [16, 24] : [24, 16]);
      assert.equal(picture.data[0], corners[corner as keyof typeof corners]);
    });
  }
});

Deno.test("what is no picture, cut off or too large is refused by name, before anything is unpacked", async () => {
  const png = await Deno.readFile(new URL("../golden/picture/rgb.png", import.meta.url));
  const huge = png.slice();
  new DataView(huge.buffer).setUint32(16, 20000);
  new DataView(huge.buffer).setUint32(20, 20000);
  const cases: [bytes: Uint8Array, message: RegExp][] = [
    [new TextEncoder().encode("GIF89a"), /^The mask x is not a PNG, JPEG or WebP picture\.$/],
    [new Uint8Array(), /is not a PNG/],
    [png.slice(0, 90), /^The mask x is damaged/],
    [huge, /^The mask x has 20000×20000 pixels; pictures of up to 8192×8192 are read\.$/],
  ];
  for (const [bytes, message] of cases) {
    await assert.rejects(readPicture(bytes, "The mask x"), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
});
