/**
 * The mask of an operation: a person's own as it is, a contour, or its box.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readInput } from "../picture/input.ts";
import { greyOf } from "../picture/inpaint.ts";
import type { Picture } from "../picture/picture.ts";
import { fitted } from "../picture/resize.ts";
import { boxAround, boxMask, onGrid } from "./mask.ts";
import { describeOperation, type Operation } from "./operation.ts";
import { rectOfOperation } from "./place.ts";

/**
 * @param grid pixels to which boxes and contours are rounded outwards: the network sees a mask in latents, and what it
 *   does not paint anew must not be taken from it
 * @throws UsageError where a mask cannot be read
 */
export async function maskFor(operation: Operation, { width, height }: Picture, grid: number): Promise<Picture> {
  const { mask } = operation;
  if (mask === undefined) return boxMask(rectOfOperation(operation), width, height, grid);
  const { picture } = await readInput(mask, "The mask", "--mask");
  const whole = fitted(greyOf(picture), width, height, "stretch");
  if (!boxAround(whole)) {
    const name = typeof mask === "string" ? ` ${mask}` : "";
    throw new UsageError(`The mask${name} has no white: nothing would be painted (${describeOperation(operation)}).`);
  }
  return typeof mask === "string" ? whole : onGrid(whole, grid);
}
