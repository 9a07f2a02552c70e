/**
 * What is said of an edit: its operations, its masks, its rounds.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import type { Attempt, Round } from "../edit.ts";
import { describeOperation, type Operation, pixelsOf } from "../edit/operation.ts";
import { readUserFile } from "../files/user_file.ts";
import { isFault, standing } from "../judge/judge.ts";
import { BYTES_OF } from "../limits.ts";
import type { Picture } from "../picture/picture.ts";
import { pictureHeader } from "../picture/picture_size.ts";

/** Without the pixels of a contour: the box is around it, and --save-edit writes it. */
export function plainly({ mask, byContour: _, ...operation }: Operation): Operation {
  return typeof mask === "string" ? { ...operation, mask } : operation;
}

/** Its place as `--box` takes it, for those who want to move it. */
export function describePlaced(operation: Operation, picture: Picture): string {
  const { box, byContour } = operation;
  const shape = byContour ? ", by its contour" : "";
  return `${briefText(describeOperation(operation), 200)}${shape}${box ? `, in ${pixelsOf(box, picture)}` : ""}`;
}

/** A line for each mask that is stretched to another shape. */
export async function remarksOnMasks(operations: readonly Operation[], { width, height }: Picture): Promise<string[]> {
  const files = new Set(operations.flatMap(({ mask }) => typeof mask === "string" ? mask : []));
  const lines: string[] = [];
  for (const file of files) {
    const own = pictureHeader(await readUserFile(file, "The mask", BYTES_OF.picture))!;
    if (Math.abs(own.width * height - own.height * width) <= Math.max(width, height)) continue;
    lines.push(
      `The mask ${file} has ${own.width}×${own.height} pixels, the picture ${width}×${height}: it is stretched over it.`,
    );
  }
  return lines;
}

/** What was not right before and nobody asked to change is none of the edit's faults. */
export function describeRound({ round, attempts, marks, checklist }: Round, before: Round, asked: number): string {
  const ours = checklist.keys().filter((i) => i < asked || !before.marks || !isFault(before.marks[i])).toArray();
  const said = marks ? `; ${standing(ours.map((i) => checklist[i]), ours.map((i) => marks[i]))}` : "";
  return `Round ${round}: ${attempts.length} painted, ${attempts.filter(({ taken }) => taken).length} taken${said}.`;
}

/** A round as JSON has it. */
export function roundReport({ round, attempts, checklist, marks, steps }: Round) {
  const attempt = ({ operation, taken, result: { settings: { seed, strength } } }: Attempt) => ({
    operation: plainly(operation),
    taken,
    seed,
    strength,
  });
  return {
    round,
    attempts: attempts.map(attempt),
    checklist: checklist.map((check, i) => ({ ...check, ...marks?.[i] && { mark: marks[i] } })),
    steps,
  };
}
