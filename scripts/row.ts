/**
 * Pictures side by side, as the documentation shows them.
 *
 * @module
 */
import { filled, pasted, type Picture } from "../src/picture/picture.ts";

/** Pictures of one height on a white page, `gap` pixels apart. */
export function row(pictures: readonly Picture[], gap = 0): Picture {
  const width = pictures.reduce((sum, picture) => sum + picture.width + gap, -gap);
  const page = filled(width, pictures[0].height, [255, 255, 255, 255]);
  let at = 0;
  for (const picture of pictures) {
    pasted(page, picture, at, 0);
    at += picture.width + gap;
  }
  return page;
}
