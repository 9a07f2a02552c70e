/**
 * Pictures that people bring: PNG of every kind, JPEG, WebP.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { COUNT_OF } from "../limits.ts";
import { orientationOf, upright } from "./exif.ts";
import type { Picture } from "./picture.ts";
import { type PictureFormat, pictureHeader } from "./picture_size.ts";

/**
 * Unpacks a picture: 8 bits a channel (of 16 the upper half), upright as its EXIF data says, its transparency kept.
 *
 * @param bytes the whole file
 * @param name what to call it in an error, such as "The mask a.png"
 * @throws UsageError where it is no picture, damaged, or larger than 8192 × 8192
 */
export async function readPicture(bytes: Uint8Array, name: string): Promise<Picture> {
  const header = pictureHeader(bytes);
  if (!header) throw new UsageError(`${name} is not a PNG, JPEG or WebP picture.`);
  const { format, width, height } = header;
  if (width < 1 || height < 1 || width * height > COUNT_OF.pixels) {
    const most = Math.sqrt(COUNT_OF.pixels);
    throw new UsageError(`${name} has ${width}×${height} pixels; pictures of up to ${most}×${most} are read.`);
  }
  const decode = await decoderOf(format);
  try {
    const { width, height, data } = (await decode(bytes.slice().buffer))!;
    const picture = { width, height, data: new Uint8Array(data.buffer) };
    return format === "jpeg" ? upright(picture, orientationOf(bytes)) : picture;
  } catch (cause) {
    throw new UsageError(`${name} is damaged or of an unusual kind, and cannot be unpacked.`, { cause });
  }
}

let jpegIsOpen = false;

async function decoderOf(format: PictureFormat) {
  const codecs = await import("../deps/codecs.ts");
  if (format === "jpeg" && !jpegIsOpen) {
    jpegIsOpen = true;
    // What it has to say of a damaged file it would print where results go.
    codecs.openJpegDecoder({ print() {}, printErr() {} });
  }
  return codecs[`${format}Decode`];
}
