import assert from "@std/assert";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { UsageError } from "../../src/errors.ts";
import { encodePng } from "../../src/formats/png.ts";
import { readPngText } from "../../src/formats/png_text.ts";

/** A picture in which every filter wins some rows: flat, ramps across and down, and noise. */
function picture(width: number, height: number) {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0, noise = 1; i < data.length; i++) {
    noise = (noise * 48271) % 0x7fffffff;
    const x = (i >> 2) % width, y = Math.floor((i >> 2) / width);
    data[i] = [7, x * 5, y * 9, noise, x * 3 + y * 2][Math.floor(y / 4) % 5];
  }
  return { width, height, data };
}

const TEXTS = {
  parameters: "a café, naïve\nSteps: 20",
  chinese: "一只红苹果 🍎",
  json: '{"a":1}',
};

Deno.test("a PNG carries its texts, in Latin-1 where that is possible and in UTF-8 otherwise", () => {
  const png = encodePng(picture(5, 3), TEXTS);
  assert.deepEqual(Object.fromEntries(readPngText(png, "x.png")), TEXTS);
  const latin1 = Array.from(png, (byte) => String.fromCharCode(byte)).join("");
  assert.match(latin1, /tEXtparameters\0a café/);
  assert.match(latin1, /iTXtchinese\0\0\0\0\0/);
});

Deno.test("the same picture gives the same bytes, every chunk has its checksum, and filters pay", () => {
  const image = picture(64, 60);
  const png = encodePng(image);
  assert.deepEqual(png, encodePng(image));
  const view = new DataView(png.buffer);
  for (let at = 8; at < png.length;) {
    const end = at + 8 + view.getUint32(at);
    assert.equal(view.getUint32(end), crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
  const rows = inflateSync(png.subarray(8 + 25 + 8, 8 + 25 + 8 + view.getUint32(33)));
  const filters = Array.from({ length: 60 }, (_, y) => rows[y * (64 * 3 + 1)]);
  assert.ok(new Set(filters).size >= 3, `filters used: ${filters}`);
});

Deno.test("texts of other tools are read, and a cut file gives what it has", () => {
  // Written by Pillow: tEXt, zTXt (add_text(..., zip=True)) and a compressed iTXt, around a picture of one pixel.
  const pillow = Uint8Array.fromBase64(PILLOW);
  const texts = readPngText(pillow, "pillow.png");
  assert.equal(texts.get("parameters"), "a dog\nSteps: 4");
  assert.equal(texts.get("long"), "wörter ".repeat(30));
  assert.equal(texts.get("chinese"), "红苹果".repeat(20));
  assert.equal(readPngText(pillow.subarray(0, 120), "cut.png").get("parameters"), "a dog\nSteps: 4");
});

Deno.test("what is no PNG, or a bomb, is refused by name", () => {
  assert.throws(() => readPngText(new TextEncoder().encode("GIF89a"), "cat.gif"), (error: Error) => {
    return error instanceof UsageError && /cat\.gif is not a PNG/.test(error.message);
  });
  const zeros = deflateSync(new Uint8Array(17 * 2 ** 20));
  const bomb = new Uint8Array(8 + 8 + 3 + zeros.length + 4);
  bomb.set(encodePng(picture(1, 1)).subarray(0, 8));
  new DataView(bomb.buffer).setUint32(8, 3 + zeros.length);
  bomb.set(new TextEncoder().encode("zTXtb\0\0"), 12);
  bomb.set(zeros, 19);
  assert.throws(
    () => readPngText(bomb, "bomb.png"),
    /bomb\.png: the text "b" cannot be read: the picture holds more than \d+ bytes of text/,
  );

  // Many texts, each within the limit.
  const line = "x".repeat(2 ** 20);
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, line]));
  assert.throws(
    () => readPngText(encodePng(picture(1, 1), many), "many.png"),
    /the text "t16" cannot be read: .*16777216/,
  );
});

const PILLOW =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAGXRFWHRwYXJhbWV0ZXJzAGEgZG9nClN0ZXBzOiA0IA5SOwAAABh6VFh0bG9uZw" +
  "AAeJwr/1ZUklqkUD58KADsGGKtGdNpKQAAACFpVFh0Y2hpbmVzZQABAAAAeJx7vmvRi+6dz+bNeT50GAB5gIMtWis7RwAAAAxJREFUeJxjYGBg" +
  "AAAABAAB9hc4VQAAAABJRU5ErkJggg==";
