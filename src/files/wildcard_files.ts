/**
 * Wildcards on the disk: a folder of text files with one choice a line.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { filesWithin } from "./byte_file.ts";
import { readUserText } from "./user_file.ts";

/**
 * The lines of every .txt in a folder and those within it, by the file's path without its extension. Empty lines and
 * those that begin with # are left out.
 *
 * @throws UsageError where the folder cannot be read or holds too much
 */
export async function readWildcards(folder: string): Promise<Map<string, string[]>> {
  const files = await filesWithin(folder).catch((cause) => {
    throw cause instanceof ModelError ? new UsageError(`The folder of wildcards ${cause.message}`, { cause }) : cause;
  });
  const wildcards = new Map<string, string[]>();
  let left = BYTES_OF.wildcards;
  for (const file of files.filter((name) => /\.txt$/i.test(name))) {
    const text = await readUserText(`${folder}/${file}`, "The wildcards", left);
    left -= text.length;
    const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
    wildcards.set(file.slice(0, -4), lines);
  }
  return wildcards;
}
