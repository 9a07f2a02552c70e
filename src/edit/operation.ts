/**
 * Changes to a picture as data: what a person, a language model or a judge asks for, in one form that can be saved and
 * edited.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { briefText } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { article, COLOURS } from "../plan/rules/words.ts";
import type { Picture } from "../picture/picture.ts";
import type { Rect } from "../region/layout.ts";
import type { Box } from "../settings/kinds.ts";
import { thingMeant } from "./spoken_place.ts";

/** The kinds of changes. */
export const OPERATIONS = ["replace", "recolor", "remove", "add"] as const;

const share: z.ZodType<number> = z.number().min(0).max(1);
const words: z.ZodType<string> = z.string().refine(
  (value) => value.trim() !== "" && value.length <= BYTES_OF.prompt,
  `must be a text of 1 to ${BYTES_OF.prompt} letters`,
);

/**
 * One change: `object` is what is there now, `words` what shall be there. Without a box or a mask the place is looked
 * for.
 */
export interface Operation {
  /** What is done. */
  kind: typeof OPERATIONS[number];
  /** What is there now; absent where something is added. */
  object?: string;
  /** What shall be there; absent where something is removed. */
  words?: string;
  /** [left, top, right, bottom] as fractions. */
  box?: [number, number, number, number];
  /** Path of a picture that is white where this is painted, or the picture itself; takes precedence over the box. */
  mask?: string | Picture;
  /** The mask is a contour that a model saw within the box: a later round may widen it. */
  byContour?: true;
}

const operationSchema: z.ZodType<Operation & { mask?: string }> = z.strictObject({
  kind: z.enum(OPERATIONS),
  object: words.optional().describe("What is there now; absent where something is added."),
  words: words.optional().describe("What shall be there; absent where something is removed."),
  box: z.tuple([share, share, share, share]).optional().describe("[left, top, right, bottom] as fractions."),
  mask: words.optional().describe("Path of a picture that is white where this is painted; goes before the box."),
  byContour: z.literal(true).optional().describe("The mask is a contour that a model saw: more of it may be painted."),
});

const editSchema = z.strictObject({
  caption: z.string().max(BYTES_OF.prompt).optional().describe("What the picture shows before."),
  target: z.string().max(BYTES_OF.prompt).optional().describe("What it shall show."),
  operations: z.array(operationSchema).min(1).max(64),
  rounds: z.array(z.unknown()).optional().describe("What came of it, for people; not read."),
});

/** An edit as `--save-edit` writes it and `--edit` reads it. */
export interface Edit {
  /** What the picture shows before. */
  caption?: string;
  /** What it shall show. */
  target?: string;
  /** What changes. */
  operations: Operation[];
  /** What came of it, for people; not read. */
  rounds?: unknown[];
}

/** Checks an edit from a file or a model. @throws UsageError that names the place and what is wrong there */
export function parseEdit(json: unknown, name: string): Edit {
  const result = editSchema.safeParse(json);
  if (!result.success) {
    const issues = result.error.issues.slice(0, 3).map(({ path, message }) =>
      `${path.join(".") || "the whole"}: ${message}`
    );
    throw new UsageError(`${name} is not a valid edit: ${briefText(issues.join("; "), 300)}.`);
  }
  result.data.operations.forEach((operation, i) => checkOperation(operation, `${name}: operations.${i}`));
  return result.data;
}

/** Checks operations that a program gives. @throws UsageError that names the first that cannot be done, and why */
export function checkOperations(operations: readonly Operation[]): void {
  if (operations.length === 0) throw new UsageError("There is nothing to do: no operation was given.");
  for (const [i, operation] of operations.entries()) {
    const { mask, ...rest } = operation;
    const { error } = operationSchema.safeParse(typeof mask === "object" ? rest : operation);
    const issue = error?.issues[0];
    if (issue) throw new UsageError(`operations.${[i, ...issue.path].join(".")}: ${briefText(issue.message, 300)}.`);
    checkOperation(operation, `operations.${i}`);
  }
}

function checkOperation({ kind, object, words, box }: Operation, name: string): void {
  const needs =
    { replace: ["object", "words"], recolor: ["object", "words"], remove: ["object"], add: ["words"] }[kind];
  const missing = needs.find((field) => (field === "object" ? object : words) === undefined);
  if (missing) throw new UsageError(`${name} (${kind}) needs "${missing}".`);
  if (box && (box[0] >= box[2] || box[1] >= box[3])) {
    throw new UsageError(`${name} has the empty box [${box.join(", ")}]; it is [left, top, right, bottom].`);
  }
}

/**
 * The operation that a flag's text stands for: "a blue teapot=a red car", "the apple=green", "the pear", "a cat at the
 * left".
 *
 * @throws UsageError where a side is missing
 */
export function operationOf(kind: Operation["kind"], text: string): Operation {
  if (kind === "remove") return { kind, object: text.trim() };
  if (kind === "add") return { kind, words: text.trim() };
  const [object, words, ...rest] = text.split("=").map((side) => side.trim());
  if (!object || !words || rest.length) {
    const example = kind === "replace" ? '"a blue teapot=a red car"' : '"the apple=green"';
    throw new UsageError(
      `--${kind} takes what is there = what shall be, such as ${example}, not "${briefText(text, 80)}".`,
    );
  }
  return { kind, object, words: kind === "recolor" ? recolored(object, words) : words };
}

/** "the red apple" in "green" is "a green apple"; `colour` may have several words. */
export function recolored(object: string, colour: string): string {
  const bare = thingMeant(object).said.replace(/^(?:an?|the|his|her|its|their|my|one) /i, "").split(" ");
  const words = [colour, ...bare.filter((word) => !COLOURS.has(word.toLowerCase()))].join(" ");
  return `${article(words)} ${words}`;
}

/**
 * The box in fractions of what a person gives as left, top, width and height: pixels of the picture, or shares where
 * none is above 1.
 *
 * @throws UsageError where it does not lie in the picture
 */
export function boxIn(
  [x, y, w, h]: readonly [number, number, number, number],
  { width, height }: { width: number; height: number },
): NonNullable<Operation["box"]> {
  const [across, down] = [x, y, w, h].every((side) => side <= 1) ? [1, 1] : [width, height];
  if (x + w > across || y + h > down) {
    throw new UsageError(
      `--box ${[x, y, w, h]} ends at ${x + w} across and ${
        y + h
      } down, beyond the picture's ${width}×${height} pixels.`,
    );
  }
  return [x / across, y / down, (x + w) / across, (y + h) / down];
}

/** A box as `--box` takes it: left, top, width and height in pixels of a picture. */
export function pixelsOf(
  box: NonNullable<Operation["box"]>,
  { width, height }: { width: number; height: number },
): Box {
  const [left, top, right, bottom] = box.map((share, i) => Math.round(share * (i % 2 ? height : width)));
  return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)];
}

/** A box as rectangles have it, and back. */
export function rectOf([x0, y0, x1, y1]: NonNullable<Operation["box"]>): Rect {
  return { x0, y0, x1, y1 };
}

/** Four decimals: a tenth of a pixel in pictures of a thousand. */
export function boxOf({ x0, y0, x1, y1 }: Rect): NonNullable<Operation["box"]> {
  const brief = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
  return [brief(x0), brief(y0), brief(x1), brief(y1)];
}

/** An operation in a few words. */
export function describeOperation({ kind, object, words }: Operation): string {
  return [kind, object, kind === "replace" ? "with" : kind === "recolor" ? "as" : undefined, words].filter(Boolean)
    .join(" ");
}
