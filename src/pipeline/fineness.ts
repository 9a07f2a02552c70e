/**
 * What there is to say of masks that are finer than what tells their places apart: the latents that a network sees, or
 * the cells that regions are made of.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { latentMask, type Mask } from "../picture/inpaint.ts";
import { coverage, type MaskImage } from "../region/mask_image.ts";
import type { Drawing } from "./drawing.ts";
import type { Start } from "./start.ts";

/** Pixels of a mask that are white, by half and more, and those of them that have no part in what is made of it. */
interface Pixels {
  unseen: number;
  white: number;
}

/**
 * Of a mask under a grid of `columns` × `rows` cells, of which those are white that are `seen`: pixels are unseen where
 * neither their cell nor one beside it is. So what is white a cell across and down is seen, wherever it lies.
 */
function pixelsOf(mask: Mask | MaskImage, seen: ArrayLike<number>, columns: number, rows: number): Pixels {
  const { width, height, data } = mask;
  const near = new Uint8Array(columns * rows);
  for (let i = 0; i < near.length; i++) {
    if (!seen[i]) continue;
    const [x, y] = [i % columns, Math.floor(i / columns)];
    for (let row = Math.max(0, y - 1); row <= Math.min(rows - 1, y + 1); row++) {
      near.fill(1, row * columns + Math.max(0, x - 1), row * columns + Math.min(columns, x + 2));
    }
  }
  let [unseen, white] = [0, 0];
  for (let i = 0; i < width * height; i++) {
    if (data[i] < 0.5) continue;
    white++;
    const column = Math.floor(i % width * columns / width);
    const row = Math.floor(Math.floor(i / width) * rows / height);
    if (!near[row * columns + column]) unseen++;
  }
  return { unseen, white };
}

/** How many of a mask's white pixels the denoiser paints nothing at, which sees one of each `factor` × `factor`. */
export function unseenPixels(mask: Mask, factor: number): Pixels {
  return pixelsOf(mask, latentMask(mask, factor), mask.width / factor, mask.height / factor);
}

/**
 * How much of a region's mask goes to other regions, 0 to 1, where cells belong to whose mask covers them by half or
 * more. Of a mask that is white nowhere, all.
 */
export function lostShare(mask: MaskImage, width: number, height: number): number {
  const seen = coverage(mask, width, height).map((share) => share >= 0.5 ? 1 : 0);
  const { unseen, white } = pixelsOf(mask, seen, width, height);
  return white ? unseen / white : 1;
}

/**
 * What there is to say of a mask that is too fine in places.
 *
 * @throws UsageError where it is too fine everywhere, and nothing would be painted in all steps
 */
export function remarkOnFineness({ mask }: Pick<Start, "mask">, factor: number): string | undefined {
  if (!mask) return undefined;
  const { unseen, white } = unseenPixels(mask, factor);
  if (unseen === 0) return undefined;
  const { width, height } = mask;
  const way = "Make it broader, or paint it at a larger size (--inpaint-only-masked).";
  const sees = `too fine for ${width}×${height} pixels, of which the network sees every ${factor}th`;
  if (unseen === white) throw new UsageError(`The mask's white is ${sees}: nothing would be painted anew. ${way}`);
  const percent = percentOf(unseen / white).replace(/^l/, "L");
  const pixels = unseen === 1 ? "1 pixel" : `${unseen} pixels`;
  return `${percent} of the mask's white (${pixels}) is ${sees}: nothing new is painted there. ${way}`;
}

/** What there is to say of regions' masks that are finer than the cells that regions are told apart by. */
export function remarksOnMasks(
  masks: readonly (MaskImage | undefined)[],
  { width, height }: Drawing["size"],
): string[] {
  return masks.flatMap((mask, i) => {
    const lost = mask ? lostShare(mask, width, height) : 0;
    if (lost === 0) return [];
    const cells = `the picture's ${width}×${height} cells`;
    return `The mask of region ${i + 1} is too fine for ${cells}: ${percentOf(lost)} of it is painted as what lies ` +
      "under it. Make it broader, or the picture larger.";
  });
}

function percentOf(share: number): string {
  return `${share < 0.01 ? "less than 1" : Math.floor(share * 100)} %`;
}
