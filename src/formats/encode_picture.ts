/**
 * Pictures as files with their texts: PNG, JPEG, WebP.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { concat } from "./bytes.ts";
import { encodeExif } from "./exif.ts";
import type { Picture } from "../picture/picture.ts";
import { encodePng } from "./png.ts";

/** What pictures are written as. */
export type WrittenFormat = "png" | "jpeg" | "webp";

const FORMATS: Record<string, WrittenFormat> = { png: "png", jpg: "jpeg", jpeg: "jpeg", webp: "webp" };

/** Quality of JPEG and WebP, 0 to 100: no artefacts that the eye finds. */
const QUALITY = 95;

/**
 * The format that a file's name asks for; PNG where it has no extension. @throws UsageError for one that is not written
 */
export function formatOf(path: string): WrittenFormat {
  const extension = /\.(\w+)$/.exec(path)?.[1].toLowerCase();
  if (extension === undefined) return "png";
  if (Object.hasOwn(FORMATS, extension)) return FORMATS[extension];
  throw new UsageError(`${path}: pictures are written as .png, .jpg or .webp, not .${extension}.`);
}

/**
 * A picture as the bytes of a file; alpha is left out. The same picture and texts always give the same bytes.
 *
 * @param texts by keyword. PNG carries all; JPEG and WebP `parameters` and one other, in EXIF data
 * @throws UsageError where the format cannot hold a picture this large
 */
export async function encodePicture(
  format: WrittenFormat,
  pixels: Picture,
  texts: Record<string, string> = {},
): Promise<Uint8Array> {
  if (format === "png") return encodePng(pixels, texts);
  if (format !== "jpeg" && format !== "webp") {
    throw new UsageError(`Pictures are written as png, jpeg or webp, not ${brief(format)}.`);
  }
  const { width, height } = pixels;
  const most = format === "jpeg" ? 65535 : 16383;
  if (width > most || height > most) {
    throw new UsageError(`${format} holds ${most} pixels a side, not ${width}×${height}.`);
  }
  const { jpegEncode, webpEncode } = await import("../deps/codecs.ts");
  const image = { width, height, data: new Uint8ClampedArray(pixels.data), colorSpace: "srgb" } as ImageData;
  return format === "jpeg"
    // Whole colour for each pixel: prompts like "a red apple" have edges that halved colour smears.
    ? jpegWithExif(
      new Uint8Array(await jpegEncode(image, { quality: QUALITY, chroma_subsample: 1, auto_subsample: false })),
      texts,
    )
    : webpWithExif(new Uint8Array(await webpEncode(image, { quality: QUALITY, use_sharp_yuv: 1 })), pixels, texts);
}

/** Longest data of a JPEG segment, less the name in front of it. */
const SEGMENT = 0xffff - 2 - 6;

function jpegWithExif(jpeg: Uint8Array, texts: Record<string, string>): Uint8Array {
  // What does not fit one segment is left out, the JSON first: other tools read the parameters.
  const exif = [exifOf(texts), exifOf({ parameters: texts.parameters ?? "" })].find((data) =>
    data && data.length <= SEGMENT
  );
  if (!exif) return jpeg;
  const head = new Uint8Array([0xff, 0xd8, 0xff, 0xe1, 0, 0, 0x45, 0x78, 0x69, 0x66, 0, 0]); // start, APP1, "Exif"
  new DataView(head.buffer).setUint16(4, 2 + 6 + exif.length);
  return concat([head, exif, jpeg.subarray(2)]);
}

/** As an extended file: its header, the picture's own chunk, the EXIF data. */
function webpWithExif(webp: Uint8Array, { width, height }: Picture, texts: Record<string, string>): Uint8Array {
  const exif = exifOf(texts);
  if (!exif) return webp;
  const header = new Uint8Array(10);
  const view = new DataView(header.buffer);
  header[0] = 0x08; // EXIF is there
  view.setUint16(4, width - 1, true); // of 24 bits, of which 14 are used
  view.setUint16(7, height - 1, true);
  const body = concat([ascii("WEBP"), riff("VP8X", header), webp.subarray(12), riff("EXIF", exif)]);
  return riff("RIFF", body);
}

function riff(name: string, body: Uint8Array): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, body.length, true);
  return concat([ascii(name), size, body, new Uint8Array(body.length % 2)]);
}

function exifOf({ parameters, ...others }: Record<string, string>): Uint8Array | undefined {
  const [first] = Object.entries(others);
  if (!parameters && !first) return undefined;
  const note = first && { name: first[0], text: first[1] };
  return encodeExif({ software: "rpg", comment: parameters || undefined, note });
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
