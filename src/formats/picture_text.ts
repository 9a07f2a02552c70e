/**
 * Read the texts that a picture carries, ours or another tool's, whatever its format.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { decodeExif } from "./exif.ts";
import { PNG_SIGNATURE } from "./png.ts";
import { readPngText } from "./png_text.ts";

/**
 * The texts of a PNG, JPEG or WebP by keyword.
 *
 * @param name the file's name, for messages
 * @throws UsageError where the bytes are no such picture, or a text is damaged or too long
 */
export function readPictureText(bytes: Uint8Array, name: string): Map<string, string> {
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return readPngText(bytes, name);
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const isWebp = ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP";
  if (!isJpeg && !isWebp) throw new UsageError(`${name} is not a PNG, JPEG or WebP picture.`);
  const exif = isJpeg ? jpegExif(bytes) : webpExif(bytes);
  const { comment, note } = exif ? decodeExif(exif) : {};
  return new Map([
    ...(comment === undefined ? [] : [["parameters", comment] as const]),
    ...(note ? [[note.name, note.text] as const] : []),
  ]);
}

function jpegExif(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const end = at + 2 + view.getUint16(at + 2);
    if (bytes[at + 1] === 0xe1 && ascii(bytes, at + 4, 6) === "Exif\0\0") return bytes.subarray(at + 10, end);
    at = end;
  }
}

function webpExif(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (ascii(bytes, at, 4) === "EXIF") {
      const body = bytes.subarray(at + 8, at + 8 + length);
      return ascii(body, 0, 6) === "Exif\0\0" ? body.subarray(6) : body; // some writers keep JPEG's name for it
    }
    at += 8 + length + length % 2;
  }
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
