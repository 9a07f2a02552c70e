/**
 * How an operation is painted: what it begins with, where, and how strongly. Each later round goes a step further.
 *
 * @module
 */
import { either, greyOf } from "../picture/inpaint.ts";
import { dilated } from "../picture/morphology.ts";
import type { Picture } from "../picture/picture.ts";
import { fitted } from "../picture/resize.ts";
import type { Plan } from "../plan/plan.ts";
import type { Rect } from "../region/layout.ts";
import type { PictureOptions } from "../settings.ts";
import { both, boxMask, filledIn, onlyWithin, whiteIn } from "./mask.ts";
import type { Operation } from "./operation.ts";
import { maskFor } from "./operation_mask.ts";
import { rectOfOperation } from "./place.ts";

/** Strengths of the first round. */
const STRENGTHS: Record<Operation["kind"], number> = { replace: 1, add: 1, recolor: 0.75, remove: 0.4 };

/** What each later round adds to the strength. */
const FURTHER = 0.125;

/** Pixels over which the new fades into the kept, inside the mask. */
const FEATHER = 4;

/** Share of the picture's shorter side by which the contour of what is removed grows in each round. */
const WIDER = 1 / 16;

/** What a repaint is drawn with. */
export interface Repaint extends PictureOptions {
  plan: Plan;
  initImage: Picture;
  mask: Picture;
}

/**
 * @param plan what is painted, see `planFor`
 * @param round from 1
 * @param grid see `maskFor`
 * @param steps of the sampler, of which one runs at the least
 * @param seen where the judge sees what is not right
 * @param within white where the picture may change at all
 * @throws UsageError where a mask cannot be read
 */
export async function repaintOf(
  operation: Operation,
  image: Picture,
  plan: Plan,
  { round, grid, steps, settings, seen, within }: {
    round: number;
    grid: number;
    steps: number;
    settings: PictureOptions;
    seen?: Rect;
    within?: Picture;
  },
): Promise<Repaint> {
  const { kind } = operation;
  const place = await maskFor(widened(operation, image, round, seen), image, grid);
  const mask = within ? both(place, within) : place;
  return {
    ...settings,
    initImage: kind === "remove" ? filledIn(image, mask) : image,
    maskBlur: settings.maskBlur ?? FEATHER,
    strength: settings.strength ?? Math.min(1, Math.max(1 / steps, STRENGTHS[kind] + FURTHER * (round - 1))),
    plan: avoiding(operation, plan, settings),
    mask,
  };
}

/** What is removed is avoided too, beside what the plan or else the settings avoid. */
function avoiding({ kind, object }: Operation, plan: Plan, settings: PictureOptions): Plan {
  if (kind !== "remove") return plan;
  const { negativePrompt = settings.negativePrompt } = plan;
  return { ...plan, negativePrompt: [negativePrompt, object].filter(Boolean).join(", ") };
}

/**
 * The contour of what is removed grows within its place, since a stalk or a leaf may be thinner than a latent is wide;
 * in the second round once more, with where the thing is still seen; then the whole place is painted. What a person
 * gave as mask or box stays as it is.
 */
function widened(operation: Operation, { width, height }: Picture, round: number, seen?: Rect): Operation {
  const { kind, mask, byContour } = operation;
  if (kind !== "remove" || !byContour || typeof mask !== "object") return operation;
  if (round > 2) return { ...operation, mask: undefined };
  const contour = fitted(greyOf(mask), width, height, "stretch"); // a saved contour may be another picture's
  const grown = whiteIn(contour, (white) => dilated(white, width, Math.round(round * WIDER * Math.min(width, height))));
  const wider = seen && round > 1 ? either(grown, boxMask(seen, width, height)) : grown;
  return { ...operation, mask: either(contour, onlyWithin(wider, rectOfOperation(operation))) };
}
