/**
 * Where pictures go.
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import { checkNewFile, mayCollide, type NewFileOptions } from "../files/new_file.ts";
import { formatOf, type WrittenFormat } from "../formats/encode_picture.ts";
import { flagOf } from "../settings/check.ts";
import type { FlagValues } from "../settings.ts";

/** A place that was tried, and the format that its name asks for. */
export interface Output extends NewFileOptions {
  format: WrittenFormat;
}

/** Where pictures go that nobody says a place for. */
const OUTPUT = "out_%03d.png";

/** Flags that name one more file to write. */
const BESIDE = ["savePlan", "saveEdit", "showMask", "report", "trace", "contactSheet", "manifest"] as const;

/**
 * What `-o` and `--force` ask for, with all that is written beside it tried as well.
 *
 * @param count how many pictures will be written
 * @param fallback where there is no `-o`
 * @throws UsageError where nothing can be written there
 */
export async function outputOf(flags: FlagValues, count = 1, fallback = OUTPUT): Promise<Output> {
  const pattern = await patternOf(flags.output, fallback);
  const format = formatOf(pattern);
  const { force } = flags;
  const beside = BESIDE.flatMap((name): [string, string][] => flags[name] ? [[flagOf(name), flags[name]]] : []);
  refuseSame([["-o", pattern], ...beside]);
  for (const [flag, path] of beside) {
    if (flag === "--manifest") continue; // is added to
    await checkNewFile({ pattern: path, force }, flag === "--report" ? count : 1, flag);
  }
  await checkNewFile({ pattern, force }, count);
  return { pattern, force, format };
}

/** The pattern that `-o` stands for. A folder, there already or written with "/" at its end, gets numbered pictures. */
export async function patternOf(output: string | undefined, fallback = OUTPUT): Promise<string> {
  if (output === undefined) return fallback;
  return /[\\/]$/.test(output) || await isFolder(output).catch(() => false) ? join(output, fallback) : output;
}

/** @throws UsageError where two of the places may be the same file */
function refuseSame(places: [flag: string, path: string][]): void {
  places.forEach(([flag, path], i) => {
    const same = places.slice(0, i).find(([, other]) => mayCollide(other, path));
    if (!same) return;
    throw new UsageError(`${same[0]} and ${flag} would write the same file, ${path}. Give one of them another name.`);
  });
}
