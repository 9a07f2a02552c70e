/**
 * Sheets of the pictures that a run has written: `--contact-sheet` and `--grid`.
 *
 * @module
 */
import { basename, extname } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { checkNewFile, mayCollide, writeSomewhere } from "../files/new_file.ts";
import { readUserFile } from "../files/user_file.ts";
import { encodePicture, formatOf } from "../formats/encode_picture.ts";
import { formatParameters, parseParameters } from "../formats/parameters.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { BYTES_OF } from "../limits.ts";
import { pictureHeader } from "../picture/picture_size.ts";
import { readPicture } from "../picture/read_picture.ts";
import { type Cell, drawSheet, type Sheet } from "../picture/sheet.ts";
import type { Context } from "./command.ts";
import { claimed, type Output, replaceable } from "./output.ts";

/** A picture of the run: where it is, unless it could not be made, and what to write below it. */
export interface Shown {
  path?: string;
  caption?: string;
}

/**
 * Where a sheet goes, tried before any work. @throws UsageError where it cannot be written, or pictures would be there
 */
export async function sheetOutput(pattern: string, pictures: Output): Promise<Output> {
  const { force, own } = pictures;
  const output = { pattern, force, own, format: formatOf(pattern) };
  if (mayCollide(pictures.pattern, pattern)) {
    throw new UsageError(`The sheet and the pictures would be the same file, ${pattern}. Give the sheet another name.`);
  }
  await checkNewFile(await replaceable(output, own));
  return output;
}

/** The sheet that `--contact-sheet` asks for. */
export async function contactSheetOutput(flags: Context["flags"], pictures: Output): Promise<Output | undefined> {
  return flags.contactSheet === undefined ? undefined : await sheetOutput(flags.contactSheet, pictures);
}

/** Writes all pictures of a run on one sheet, as square as it gets. */
export async function writeContactSheet(output: Output, shown: readonly Shown[], context: Context): Promise<void> {
  const named = shown.map(({ path, caption }) => ({
    path,
    caption: [path && basename(path, extname(path)), caption].join(" ").trim(),
  }));
  const columns = Math.ceil(Math.sqrt(shown.length));
  const path = await writeSheet(output, named, { columns }, {}, context);
  if (path === undefined) return;
  context.console.event("sheet", { path });
  context.console.say(`Contact sheet: ${path}`);
}

/**
 * Writes a sheet of files.
 *
 * @param fields added to what the first picture says of itself
 * @returns its path; none where there is no picture at all
 */
export async function writeSheet(
  output: Output,
  shown: readonly Shown[],
  labels: Omit<Sheet, "cells">,
  fields: Record<string, string>,
  { flags, console }: Context,
): Promise<string | undefined> {
  const first = shown.find(({ path }) => path !== undefined)?.path;
  if (first === undefined) return undefined;
  const cells: Cell[] = [];
  for (const one of shown) cells.push(await cellOf(one)); // one at a time: there may be thousands
  const size = cells.find(({ picture }) => picture)!;
  const filled = cells.map((cell) => cell.picture ? cell : { ...cell, width: size.width, height: size.height });
  const page = await drawSheet({ ...labels, cells: filled });
  const said = flags.noMetadata ? undefined : readPictureText(await read(first), first).get("parameters");
  const texts = said ? parseParameters(said) : undefined;
  const parameters = texts && formatParameters({ ...texts, fields: { ...texts.fields, ...fields } });
  const bytes = await encodePicture(output.format, page, parameters === undefined ? undefined : { parameters });
  return await writeSomewhere(await claimed(output, bytes, output.own), bytes, console.complain);
}

async function cellOf({ path, caption }: Shown): Promise<Cell> {
  if (path === undefined) return { width: 0, height: 0, caption };
  const { width, height } = pictureHeader(await read(path))!;
  return { width, height, caption, picture: async () => await readPicture(await read(path), path) };
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readUserFile(path, "The picture", BYTES_OF.picture);
}
