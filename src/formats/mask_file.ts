/**
 * Mask images from files.
 *
 * @module
 */
import { readUserFile } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { luma } from "../picture/picture.ts";
import { readPicture } from "../picture/read_picture.ts";
import type { MaskImage } from "../region/mask_image.ts";

/** The masks of the regions that name one. @throws UsageError where a file is no picture */
export function readMasks(regions: readonly { mask?: string }[]): Promise<(MaskImage | undefined)[]> {
  return Promise.all(regions.map(({ mask }) => mask === undefined ? undefined : readMask(mask)));
}

/** Reads a picture as brightness; transparent is black. */
async function readMask(path: string): Promise<MaskImage> {
  const picture = await readPicture(await readUserFile(path, "The mask", BYTES_OF.picture), `The mask ${path}`);
  return { width: picture.width, height: picture.height, data: luma(picture).map((value) => value / 255) };
}
