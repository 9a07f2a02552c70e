/**
 * Mask images from files.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { MaskImage } from "../region/mask_image.ts";

/** Reads a PNG or JPEG as brightness; transparent is black. @throws UsageError where the file is none */
export async function readMask(path: string): Promise<MaskImage> {
  const bytes = await Deno.readFile(path).catch((cause) => {
    throw new UsageError(`The mask ${path} cannot be read: ${cause.message}.`, { cause });
  });
  // Loaded when it is needed: its decoders are native code, which asks for a permission of its own.
  const { decode, Image } = await import("imagescript");
  const image = await decode(bytes).catch(() => undefined);
  if (!(image instanceof Image)) throw new UsageError(`The mask ${path} is no PNG or JPEG picture.`);
  const { width, height, bitmap } = image;
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const [r, g, b, a] = bitmap.subarray(i * 4, i * 4 + 4);
    data[i] = (0.299 * r + 0.587 * g + 0.114 * b) / 255 * a / 255;
  }
  return { width, height, data };
}
