import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { encodePicture, formatOf, type WrittenFormat } from "../../src/formats/encode_picture.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { readPicture } from "../../src/picture/read_picture.ts";

/** Soft colours with one hard edge between red and blue. */
function picture(width: number, height: number) {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    const x = i % width, y = Math.floor(i / width);
    data.set(x < width / 2 ? [200, 20 + y, 30] : [20, 30 + x, 200], i * 4);
  }
  return { width, height, data };
}

const TEXTS = { parameters: "a café, 红\nSteps: 20, Seed: 1", rpg: '{"plan":"红 apple"}' };

Deno.test("JPEG and WebP hold the picture and its texts, and the same picture gives the same bytes", async () => {
  for (const format of ["jpeg", "webp"] as const) {
    for (const [width, height] of [[48, 32], [33, 17]]) {
      const image = picture(width, height);
      const bytes = await encodePicture(format, image, TEXTS);
      assert.deepEqual(bytes, await encodePicture(format, image, TEXTS));
      assert.deepEqual(Object.fromEntries(readPictureText(bytes, "x")), TEXTS);
      const decoded = await readPicture(bytes, "x");
      assert.deepEqual([decoded.width, decoded.height], [width, height]);
      const error = decoded.data.reduce((sum, value, i) => sum + (value - image.data[i]) ** 2, 0) / decoded.data.length;
      const least = format === "jpeg" ? 32 : 25; // WebP halves colour, which an edge at an odd place shows
      assert.ok(10 * Math.log10(255 ** 2 / error) > least, `${format} ${width}×${height}: squared error ${error}`);
      assert.equal(readPictureText(await encodePicture(format, image), "x").size, 0);
    }
  }
});

Deno.test("what a JPEG cannot hold leaves the parameters in place", async () => {
  const texts = { ...TEXTS, rpg: "x".repeat(70_000) };
  assert.deepEqual([...readPictureText(await encodePicture("jpeg", picture(8, 8), texts), "x").keys()], ["parameters"]);
  assert.equal(readPictureText(await encodePicture("webp", picture(8, 8), texts), "x").get("rpg")!.length, 70_000);
});

Deno.test("the name says the format", async () => {
  const cases: [string, WrittenFormat][] = [["a.png", "png"], ["a.b.JPG", "jpeg"], ["a.webp", "webp"], ["a", "png"]];
  for (const [path, format] of cases) assert.equal(formatOf(path), format);
  assert.throws(() => formatOf("a.gif"), /^UsageError: a\.gif: pictures are written as \.png, \.jpg or \.webp/);
  await assert.rejects(encodePicture("gif" as "png", picture(8, 8)), /^UsageError: .* png, jpeg or webp, not "gif"/);
});

Deno.test("texts of other writers are read, in either byte order, and damage gives no text rather than an error", async () => {
  // Pillow's EXIF with piexif's UserComment (big-endian inside), as the web UI writes it, in a JPEG of one pixel.
  for (const [name, text] of [["piexif.jpg", "a dog\nSteps: 4"], ["little_endian.webp", "ein Hund, 红"]]) {
    const bytes = await Deno.readFile(new URL(`../golden/formats/${name}`, import.meta.url));
    assert.equal(readPictureText(bytes, name).get("parameters"), text);
    for (let cut = 0; cut < bytes.length; cut += 7) {
      const damaged = bytes.slice();
      damaged[cut] ^= 0xff;
      try {
        readPictureText(damaged, name);
      } catch (error) {
        assert.ok(error instanceof UsageError, `${error}`);
      }
      if (cut > 12) readPictureText(bytes.subarray(0, cut), name);
    }
  }
});
