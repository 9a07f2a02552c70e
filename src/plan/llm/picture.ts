import { opaque } from "../../picture/picture.ts";
import { readPicture } from "../../picture/read_picture.ts";
import { resized } from "../../picture/resize.ts";

/** Vision models see no more than this many pixels along a side, and pay for each. */
const LONGEST_SIDE = 768;

/**
 * A picture to show to a language model, as a data URL: scaled down where it is large, as JPEG.
 *
 * @param bytes the file: PNG, JPEG or WebP; @param name what to call it in an error
 * @throws UsageError where it cannot be read
 */
export async function pictureDataUrl(bytes: Uint8Array, name: string): Promise<string> {
  // JPEG has no transparency: show the picture on white, as a page would.
  const picture = opaque(await readPicture(bytes, `The picture ${name}`));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  const { width, height, data } = resized(picture, side(picture.width), side(picture.height));
  const { jpegEncode } = await import("../../deps/codecs.ts");
  const image = { width, height, data: new Uint8ClampedArray(data), colorSpace: "srgb" } as ImageData;
  const jpeg = new Uint8Array(await jpegEncode(image, { quality: 85 }));
  return `data:image/jpeg;base64,${jpeg.toBase64()}`;
}
