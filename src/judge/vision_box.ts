/**
 * Boxes as vision models give them.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import type { Rect } from "../region/layout.ts";

/**
 * [left, top, right, bottom] in thousandths, as asked for; models that answer in fractions are understood. Corners that
 * are no rectangle, as of pixels of a large picture or another order, are refused, and the model is asked again.
 */
export const visionBox: z.ZodType<number[]> = z.array(z.number()).length(4).refine(
  ([x0, y0, x1, y1]) => x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= 1000 && y1 <= 1000,
  "must be [left, top, right, bottom] in thousandths of the picture, 0 to 1000",
);

/** The box in fractions of the picture. */
export function rectOfVision(box: readonly number[]): Rect {
  const scale = box.every((side) => side <= 1) ? 1 : 1000;
  const [x0, y0, x1, y1] = box.map((side) => side / scale);
  return { x0, y0, x1, y1 };
}

/** A place in the words of the instructions. */
export function inThousandths({ x0, y0, x1, y1 }: Rect): string {
  return `[${[x0, y0, x1, y1].map((side) => Math.round(side * 1000)).join(", ")}]`;
}
