/**
 * Edits as files, with their masks beside them.
 *
 * @module
 */
import { dirname, extname, isAbsolute, join, relative, resolve } from "../deps/path.ts";
import { type Edit, parseEdit } from "../edit/operation.ts";
import { UsageError } from "../errors.ts";
import { writeNewFile } from "../files/new_file.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readUserText } from "../files/user_file.ts";
import { encodePng } from "../formats/png.ts";
import { BYTES_OF } from "../limits.ts";
import { json } from "./json.ts";

/** Reads an edit. Its masks lie where it says from where it lies itself. */
export async function readEdit(path: string): Promise<Edit> {
  const text = await readUserText(path, "The edit", BYTES_OF.plan);
  try {
    const { operations, ...rest } = parseEdit(parseStrictJson(text), path);
    const there = ({ mask, ...o }: typeof operations[number]) =>
      typeof mask === "string" ? { ...o, mask: isAbsolute(mask) ? mask : join(dirname(path), mask) } : o;
    return { ...rest, operations: operations.map(there) };
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new UsageError(`${path} is not valid JSON: ${cause.message}.`, { cause });
    throw cause;
  }
}

/** Writes an edit; contours become files beside it: `edit_mask_1.png` is the first of edit.json. */
export async function writeEdit(path: string, edit: Edit, force?: boolean): Promise<void> {
  const stem = path.slice(0, path.length - extname(path).length);
  const operations = [];
  for (const { mask, byContour: _, ...operation } of edit.operations) {
    const file = typeof mask === "object"
      ? await writeNewFile({ pattern: `${stem}_mask_%d.png` }, encodePng(mask))
      : mask;
    operations.push(
      file === undefined ? operation : { ...operation, mask: relative(dirname(resolve(path)), resolve(file)) },
    );
  }
  await writeNewFile({ pattern: path, force }, new TextEncoder().encode(`${json({ ...edit, operations })}\n`));
}
