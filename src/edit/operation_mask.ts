/**
 * The mask of an operation: a person's own as it is, else its box.
 *
 * @module
 */
import { readInput } from "../picture/input.ts";
import { greyOf } from "../picture/inpaint.ts";
import type { Picture } from "../picture/picture.ts";
import { fitted } from "../picture/resize.ts";
import { boxMask } from "./mask.ts";
import type { Operation } from "./operation.ts";
import { rectOfOperation } from "./place.ts";

/** @param grid pixels to which a box is rounded outwards. @throws UsageError where a mask cannot be read */
export async function maskFor(operation: Operation, { width, height }: Picture, grid: number): Promise<Picture> {
  if (operation.mask === undefined) return boxMask(rectOfOperation(operation), width, height, grid);
  const { picture } = await readInput(operation.mask, "The mask", "--mask");
  return fitted(greyOf(picture), width, height, "stretch");
}
