/**
 * What is asked of a picture, item by item, and who answers.
 *
 * @module
 */
import { orCancelled, UsageError } from "../errors.ts";
import type { Picture } from "../picture/picture.ts";
import type { Rect } from "../region/layout.ts";

/** One thing that a picture must show. Two alike are two items. */
export interface Check {
  /** In words, with its colour and whatever else it must have: "a red apple". */
  words: string;
  /** Where it must be, in fractions of the picture; absent: anywhere. */
  box?: Rect;
  /** It must not be there. */
  absent?: true;
}

/**
 * How a thing was found: as asked; not at all; there, but not as described; as described, but in another place; or it
 * cannot be told.
 */
export type Verdict = "right" | "missing" | "wrong" | "misplaced" | "unknown";

/** What a judge says of one item. */
export interface Mark {
  /** How it was found. */
  verdict: Verdict;
  /** Where it was seen, in fractions of the picture. */
  box?: Rect;
  /** What was seen instead: "green". */
  note?: string;
}

/**
 * Looks at a picture and gives each item of a checklist its mark, in order.
 *
 * ```ts
 * const lenient: Judge = (_picture, checklist) => Promise.resolve(checklist.map(() => ({ verdict: "right" })));
 * ```
 */
export type Judge = (picture: Picture, checklist: readonly Check[], signal?: AbortSignal) => Promise<Mark[]>;

/** What cannot be told is no fault, or a loop would mend it for ever. */
const WORTH: Record<Verdict, number> = { right: 1, unknown: 1, wrong: 0.5, misplaced: 0.5, missing: 0 };

/**
 * Asks a judge, whoever wrote it.
 *
 * @throws CancelledError where the signal ended it; UsageError where an item is left without a mark
 */
export async function ask(
  judge: Judge,
  picture: Picture,
  checklist: readonly Check[],
  signal?: AbortSignal,
): Promise<Mark[]> {
  let marks: Mark[];
  try {
    marks = await judge(picture, checklist, signal);
  } catch (error) {
    throw orCancelled(error, signal);
  }
  const without = checklist.findIndex((_, i) => !Object.hasOwn(WORTH, marks?.[i]?.verdict));
  if (without < 0) return marks;
  throw new UsageError(
    `The judge gives "${checklist[without].words}" no mark: each item gets a verdict, ` +
      `one of ${Object.keys(WORTH).join(", ")}.`,
  );
}

/** The worth of a picture: items that are right first, then how near the others are. */
export function worth(marks: readonly Mark[]): number {
  const right = marks.filter(({ verdict }) => WORTH[verdict] === 1).length;
  const near = marks.reduce((sum, { verdict }) => sum + WORTH[verdict], 0);
  return right + near / (marks.length + 1);
}

/** How a picture stands, in words: what is still to be mended, and what the judge cannot tell. */
export function standing(checklist: readonly Check[], marks: readonly Mark[]): string {
  const open = marks.flatMap((mark, i) => isFault(mark) ? [`${checklist[i].words}: ${mark.verdict}`] : []);
  const unknown = marks.flatMap(({ verdict }, i) => verdict === "unknown" ? [checklist[i].words] : []);
  return [
    ...(open.length ? [`still open: ${open.join(", ")}`] : []),
    ...(unknown.length ? [`the judge cannot tell: ${unknown.join(", ")}`] : []),
  ].join("; ") || "all is as asked";
}

/** Whether an item is to be mended. */
export function isFault({ verdict }: Mark): boolean {
  return WORTH[verdict] < 1;
}
