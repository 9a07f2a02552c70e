import { readPicture } from "../../picture/read_picture.ts";

/** Vision models see no more than this many pixels along a side, and pay for each. */
const LONGEST_SIDE = 768;

/**
 * A picture to show to a language model, as a data URL: scaled down where it is large, as JPEG.
 *
 * @param bytes the file: PNG or JPEG; @param name what to call it in an error
 * @throws UsageError where it cannot be read
 */
export async function pictureDataUrl(bytes: Uint8Array, name: string): Promise<string> {
  const { width, height, data } = await readPicture(bytes, `The picture ${name}`);
  const { Image } = await import("../../deps/imagescript.ts");
  const image = new Image(width, height);
  image.bitmap.set(data);
  const scale = LONGEST_SIDE / Math.max(image.width, image.height);
  if (scale < 1) {
    image.resize(Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  }
  // JPEG has no transparency: show the picture on white, as a page would.
  const page = new Image(image.width, image.height).fill(0xffffffff).composite(image);
  const jpeg = await page.encodeJPEG(85);
  return `data:image/jpeg;base64,${jpeg.toBase64()}`;
}
