import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { decodePicture, pictureSize } from "../../src/formats/picture.ts";
import { encodePng } from "../../src/formats/png.ts";

const pixels = { width: 3, height: 2, data: Uint8Array.from({ length: 24 }, (_, i) => i % 4 === 3 ? 255 : i * 10) };

/** A JPEG up to its frame, with fill bytes, an EXIF-like segment and Huffman tables before it. */
const jpegHead = (width: number, height: number) =>
  Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xe1, 0, 6, 1, 2, 3, 4, 0xff, 0xff, 0xc4, 0, 3, 0, 0xff, 0xc2, 0, 11, 8],
    ...[height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0],
  ]);

/** A PNG that claims a size it has no pixels for. */
function pngOf(width: number, height: number): Uint8Array {
  const bytes = encodePng(pixels);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, width);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(20, height);
  return bytes;
}

Deno.test("a picture's size is read from its header", () => {
  assert.deepEqual(pictureSize(encodePng(pixels)), { width: 3, height: 2 });
  assert.deepEqual(pictureSize(jpegHead(640, 480)), { width: 640, height: 480 });
  assert.equal(pictureSize(jpegHead(640, 480).subarray(0, 20)), undefined);
  assert.equal(pictureSize(new TextEncoder().encode("GIF89a")), undefined);
});

Deno.test("pixels arrive as they were written", async () => {
  assert.deepEqual(await decodePicture(encodePng(pixels), "a.png"), pixels);
});

const REFUSED: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ["a bomb of 20000 × 20000", pngOf(20000, 20000), /The mask m is 20000×20000; expected at most 64 megapixels/],
  ["a JPEG bomb", jpegHead(65535, 65535), /65535×65535; expected at most/],
  ["a thread of one row", pngOf(100_000, 1), /100000×1; expected/],
  ["another format", new TextEncoder().encode("II*\0some TIFF"), /is no PNG or JPEG picture/],
  ["nothing", new Uint8Array(), /is no PNG or JPEG picture/],
  ["half a picture", encodePng(pixels).subarray(0, 60), /is damaged/],
  ["a JPEG without pixels", jpegHead(64, 64), /is damaged/],
];
for (const [what, bytes, message] of REFUSED) {
  Deno.test(`as a picture, ${what} is refused`, async () => {
    await assert.rejects(
      decodePicture(bytes, "The mask m"),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    );
  });
}
