/**
 * Where pictures go.
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import { checkNewFile, mayCollide, type NewFileOptions, numberedName } from "../files/new_file.ts";
import { formatOf, type WrittenFormat } from "../formats/encode_picture.ts";
import { flagOf } from "../settings/check.ts";
import type { FlagValues } from "../settings.ts";

/** A place that was tried, and the format that its name asks for. */
export interface Output extends NewFileOptions {
  format: WrittenFormat;
  own?: OwnFiles;
}

/** What a list has written beside its pictures, in this run or an earlier one: that alone it replaces unasked. */
export interface OwnFiles {
  /** Whether the file that is there is what was written, to the byte. */
  has(path: string): Promise<boolean>;
  /** Notes what is about to be written. */
  note(path: string, bytes: Uint8Array): Promise<void>;
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
 * @param own files beside it that may be replaced
 * @throws UsageError where nothing can be written there
 */
export async function outputOf(flags: FlagValues, count = 1, fallback = OUTPUT, own?: OwnFiles): Promise<Output> {
  const pattern = await patternOf(flags.output, fallback);
  const format = formatOf(pattern);
  const { force } = flags;
  const beside = BESIDE.flatMap((name): [string, string][] => flags[name] ? [[flagOf(name), flags[name]]] : []);
  refuseSame([["-o", pattern], ...beside]);
  for (const [flag, path] of beside) {
    if (flag === "--manifest") continue; // is added to
    await checkNewFile(await replaceable({ pattern: path, force }, own), flag === "--report" ? count : 1, flag);
  }
  await checkNewFile({ pattern, force }, count);
  return { pattern, force, format, own };
}

/** A place beside the pictures, which may be written to where the run's own file lies there. */
export async function replaceable<T extends NewFileOptions>(place: T, own?: OwnFiles): Promise<T> {
  return { ...place, force: place.force || await own?.has(place.pattern) };
}

/** {@linkcode replaceable}, with what is about to be written noted, so that a later run may replace it. */
export async function claimed<T extends NewFileOptions>(place: T, bytes: Uint8Array, own?: OwnFiles): Promise<T> {
  const numbered = numberedName(place.pattern) === place.pattern; // stands in nobody's way
  if (!own || numbered) return place;
  const free = await replaceable(place, own);
  await own.note(place.pattern, bytes);
  return free;
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
