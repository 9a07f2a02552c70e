/**
 * Reads pictures of other programs: PNG and JPEG of every kind.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { COUNT_OF } from "../limits.ts";
import { PNG_SIGNATURE } from "./png.ts";
import type { Pixels } from "./png.ts";

/**
 * Width and height as a picture's header says, before a byte of it is unpacked.
 * @returns undefined where the bytes are neither a PNG nor a JPEG
 */
export function pictureSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    return bytes.length < 24 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) };
  }
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegSize(view) : undefined;
}

/** The size of the first frame: segments SOF0 to SOF15, but for DHT, JPG and DAC. Source: ITU T.81, B.1.1.3 and B.2.2. */
function jpegSize(view: DataView): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 <= view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at++; // fill bytes
    else if (marker === 0x01 || marker >= 0xd0 && marker <= 0xd8) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    } else at += 2 + view.getUint16(at + 2);
  }
}

/**
 * The pixels of a PNG or JPEG.
 * @param name what to call it in messages: "The mask m.png"
 * @throws UsageError where it is neither, damaged, or too large to be unpacked
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<Pixels> {
  const size = pictureSize(bytes);
  if (!size) throw new UsageError(`${name} is no PNG or JPEG picture.`);
  const { width, height } = size;
  if (width > COUNT_OF.side || height > COUNT_OF.side || width * height > COUNT_OF.pixels) {
    throw new UsageError(`${name} is ${width}×${height}; expected at most ${COUNT_OF.pixels / 2 ** 20} megapixels.`);
  }
  // Loaded when it is needed: its decoders are native code, which asks for a permission of its own.
  const { Image } = await import("../deps/imagescript.ts");
  try {
    const image = await Image.decode(bytes);
    return { width: image.width, height: image.height, data: new Uint8Array(image.bitmap.buffer) };
  } catch (cause) {
    throw new UsageError(`${name} is damaged: it cannot be unpacked.`, { cause });
  }
}
