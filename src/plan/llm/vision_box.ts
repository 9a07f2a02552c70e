/**
 * Boxes as vision models give them.
 *
 * @module
 */
import { z } from "../../deps/zod.ts";
import type { Rect } from "../../region/layout.ts";

const thousandths = (of: string): z.ZodType<number> =>
  z.number().describe(`Thousandths of the picture's ${of}, 0 to 1000.`);

/** A box in the one form that is asked for. */
export interface VisionBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Sides by their names, since models are taught corners in different orders, in thousandths, since a model sees the
 * picture at a size that nobody knows. Fractions are understood: thousandths of one thousandth mean nothing. Anything
 * else, a list, pixels beyond 1000, corners that are no rectangle, is refused, and the model is asked again.
 */
export const visionBox: z.ZodType<VisionBox> = z.strictObject({
  left: thousandths("width"),
  top: thousandths("height"),
  right: thousandths("width"),
  bottom: thousandths("height"),
}, "must be { left, top, right, bottom }, in thousandths of the picture").refine(
  ({ left, top, right, bottom }) =>
    left >= 0 && top >= 0 && left < right && top < bottom && right <= 1000 && bottom <= 1000,
  "must have left < right and top < bottom, in thousandths of the picture, 0 to 1000, not in pixels",
);

/** The box in fractions of the picture. */
export function rectOfVision({ left, top, right, bottom }: VisionBox): Rect {
  const scale = right <= 1 && bottom <= 1 ? 1 : 1000;
  const [x0, y0, x1, y1] = [left, top, right, bottom].map((side) => side / scale);
  return { x0, y0, x1, y1 };
}

/** A place in the words of the instructions. */
export function inThousandths({ x0, y0, x1, y1 }: Rect): string {
  const [left, top, right, bottom] = [x0, y0, x1, y1].map((side) => Math.round(side * 1000));
  return `left ${left}, top ${top}, right ${right}, bottom ${bottom}`;
}
