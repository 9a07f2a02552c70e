/**
 * Mask images from files.
 *
 * @module
 */
import { readUserFile } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import type { MaskImage } from "../region/mask_image.ts";
import { decodePicture } from "./picture.ts";

/** The masks of the regions that name one. @throws UsageError where a file is no PNG or JPEG */
export function readMasks(regions: readonly { mask?: string }[]): Promise<(MaskImage | undefined)[]> {
  return Promise.all(regions.map(({ mask }) => mask === undefined ? undefined : readMask(mask)));
}

/** Reads a picture as brightness; transparent is black. */
async function readMask(path: string): Promise<MaskImage> {
  const bytes = await readUserFile(path, "The mask", BYTES_OF.picture);
  const { width, height, data: rgba } = await decodePicture(bytes, `The mask ${path}`);
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const brightness = 0.299 * rgba[i * 4] + 0.587 * rgba[i * 4 + 1] + 0.114 * rgba[i * 4 + 2];
    data[i] = brightness / 255 * rgba[i * 4 + 3] / 255;
  }
  return { width, height, data };
}
