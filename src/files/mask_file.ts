/**
 * Mask images from files.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { MaskImage } from "../region/mask_image.ts";

/** The masks of the regions that name one. @throws UsageError where a file is no PNG or JPEG */
export function readMasks(regions: readonly { mask?: string }[]): Promise<(MaskImage | undefined)[]> {
  return Promise.all(regions.map(({ mask }) => mask === undefined ? undefined : readMask(mask)));
}

/** Reads a picture as brightness; transparent is black. */
async function readMask(path: string): Promise<MaskImage> {
  const bytes = await Deno.readFile(path).catch((cause) => {
    throw new UsageError(`The mask ${path} cannot be read: ${cause.message}.`, { cause });
  });
  // Loaded when it is needed: its decoders are native code, which asks for a permission of its own.
  const { decode, Image } = await import("../deps/imagescript.ts");
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
