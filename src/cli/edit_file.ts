/**
 * Edits as files, with their masks beside them.
 *
 * @module
 */
import { dirname, extname, isAbsolute, join, relative, resolve } from "../deps/path.ts";
import { type Edit, type Operation, parseEdit } from "../edit/operation.ts";
import { UsageError } from "../errors.ts";
import { writeNewFile } from "../files/new_file.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readUserText } from "../files/user_file.ts";
import { encodePng } from "../formats/png.ts";
import { BYTES_OF } from "../limits.ts";
import { readInput } from "../picture/input.ts";
import { json } from "./json.ts";

/** Reads an edit. Its masks lie where it says from where it lies itself; contours among them are read, too. */
export async function readEdit(path: string): Promise<Edit> {
  const text = await readUserText(path, "The edit", BYTES_OF.plan);
  try {
    const { operations, ...rest } = parseEdit(parseStrictJson(text), path);
    return {
      ...rest,
      operations: await Promise.all(operations.map((operation) => withMask(operation, dirname(path)))),
    };
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new UsageError(`${path} is not valid JSON: ${cause.message}.`, { cause });
    throw cause;
  }
}

async function withMask({ mask, ...operation }: Operation, folder: string): Promise<Operation> {
  if (typeof mask !== "string") return operation;
  const file = isAbsolute(mask) ? mask : join(folder, mask);
  const isContour = operation.byContour; // what is written of it is what was seen, which each round grows
  return { ...operation, mask: isContour ? (await readInput(file, "The mask", "--mask")).picture : file };
}

/** Writes an edit; contours become files beside it: `edit_mask_1.png` is the first of edit.json. */
export async function writeEdit(path: string, edit: Edit, force?: boolean): Promise<void> {
  const stem = path.slice(0, path.length - extname(path).length);
  const operations = [];
  for (const { mask, ...operation } of edit.operations) {
    const file = typeof mask === "object"
      ? await writeNewFile({ pattern: `${stem}_mask_%d.png` }, encodePng(mask))
      : mask;
    operations.push(
      file === undefined ? operation : { ...operation, mask: relative(dirname(resolve(path)), resolve(file)) },
    );
  }
  await writeNewFile({ pattern: path, force }, new TextEncoder().encode(`${json({ ...edit, operations })}\n`));
}
