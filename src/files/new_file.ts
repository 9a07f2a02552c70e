/**
 * Put results on the disk so that nothing is ever overwritten or left half-written, and no result is lost.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "../deps/path.ts";
import { RpgError, UsageError } from "../errors.ts";

/** Where results go: a fixed path, or a pattern whose file name holds `%03d` (any width), a running number. */
export interface NewFileOptions {
  pattern: string;
  /** Replace a file that is already there. */
  force?: boolean;
}

/**
 * Check a pattern before any work is done, by making and removing what will be made later: nothing that a wrong path, a
 * full disk or a folder without permission could refuse is found out only afterwards.
 *
 * @param count how many files will be written; more than one need a number in the pattern
 * @param flag that names the place
 * @throws UsageError where a file cannot be made there, or the one fixed name is taken
 */
export async function checkNewFile({ pattern, force }: NewFileOptions, count = 1, flag = "-o"): Promise<void> {
  if (pattern === "-") throw new UsageError('"-" is no file, and standard output has the names of files: give one.');
  const number = numberOf(pattern);
  if (number && number.width > MOST_DIGITS) {
    throw new UsageError(`${shortened(pattern)} asks for ${number.width} digits; use at most ${MOST_DIGITS}.`);
  }
  const numbered = numberedName(pattern);
  if (count > 1 && !number) {
    throw new UsageError(`${count} files need a number in their name: ${flag} ${numbered}.`);
  }
  const made = await makeFolder(dirname(pattern), pattern);
  const part = partOf(pattern);
  try {
    const path = nameOf(pattern, await lastNumber(pattern) + count);
    const there = await kindOf(path);
    if (there !== "nothing" && there !== "file") {
      throw new UsageError(`${path} is a ${there}; a picture needs a file of its own.`);
    }
    if (there === "file" && !force) {
      throw new UsageError(`${path} is already there. Add --force to replace it, or number them: ${flag} ${numbered}.`);
    }
    await Deno.writeFile(part, new Uint8Array(1), { createNew: true });
  } catch (cause) {
    throw writeError(pattern, cause);
  } finally {
    await Deno.remove(part).catch(() => {});
    if (made !== undefined) await Deno.remove(made, { recursive: true }).catch(() => {});
  }
}

/**
 * Write `bytes`, or what a function writes piece by piece, under a temporary name beside the target, then give it its
 * name in one step. A pattern takes the number after the highest there is; with `force` it takes `number`, and a link
 * is followed to the file it names. Folders are made.
 *
 * @returns the path written
 * @throws UsageError when the fixed name is taken or the folder cannot be written to
 */
export async function writeNewFile(
  options: NewFileOptions,
  bytes: Uint8Array | ((file: Deno.FsFile) => Promise<void>),
  number = 1,
): Promise<string> {
  const { pattern, force } = options;
  const part = partOf(pattern);
  try {
    await makeFolder(dirname(pattern), pattern);
    if (typeof bytes === "function") await written(part, bytes);
    else await Deno.writeFile(part, bytes, { createNew: true });
    if (force) {
      const path = nameOf(pattern, number);
      await Deno.rename(part, await Deno.realPath(path).catch(() => path));
      return path;
    }
    for (let next = await lastNumber(pattern) + 1;; next++) {
      const path = nameOf(pattern, next);
      if (await rename(part, path)) return path;
      if (path === pattern) throw new UsageError(`${pattern} is already there. Add --force to replace it.`);
    }
  } catch (cause) {
    throw writeError(pattern, cause);
  } finally {
    await Deno.remove(part).catch(() => {}); // it is gone where all went well
  }
}

/** A new file that `fill` writes piece by piece. */
async function written(path: string, fill: (file: Deno.FsFile) => Promise<void>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await fill(file);
  await file.sync();
}

/**
 * As {@linkcode writeNewFile}, for what took minutes: where its place was taken or vanished meanwhile, it gets a
 * number, or goes to the working folder or to the one for temporary files rather than nowhere.
 *
 * @param say told where it is instead
 */
export async function writeSomewhere(
  options: NewFileOptions,
  bytes: Uint8Array,
  say: (text: string) => void,
  number = 1,
): Promise<string> {
  const file = basename(options.pattern);
  const another = numberedName(file);
  const short = `picture_%03d${/\.\w+$/.exec(file)?.[0] ?? ".png"}`;
  const instead = [join(dirname(options.pattern), another), another, short];
  let failure: unknown;
  for (const pattern of [options.pattern, ...instead, undefined]) {
    try {
      const place = pattern ?? join(await Deno.makeTempDir({ prefix: "rpg_" }), short);
      const chosen = pattern === options.pattern ? options : { pattern: place };
      const path = await writeNewFile(chosen, bytes, number);
      if (failure) say(`${(failure as Error).message} It is in ${path} instead.`);
      return path;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Whether writing to one pattern may make or replace the file that another names. */
export function mayCollide(a: string, b: string): boolean {
  const hits = (pattern: string, path: string) => {
    const number = numberOf(pattern);
    return number !== undefined && path.startsWith(number.before) && path.endsWith(number.after) &&
      /^\d+$/.test(path.slice(number.before.length, path.length - number.after.length));
  };
  const [one, other] = [linked(a), linked(b)];
  return one === other || hits(one, other) || hits(other, one);
}

/** An absolute path with its links followed, as far as there is something. */
function linked(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const folder = resolve(dirname(path));
    return folder === resolve(path) ? folder : join(linked(folder), basename(path));
  }
}

const MOST_DIGITS = 15; // more are no exact number

/** A pattern that holds a number: the one given, or that with a number at the end of its name. */
export function numberedName(pattern: string): string {
  return numberOf(pattern) ? pattern : pattern.replace(/(\.\w+)?$/, "_%03d$1");
}

/** What stands around the number of a pattern. Only the file's name has one: folders may hold "%d" as they like. */
function numberOf(pattern: string): { before: string; width: number; after: string } | undefined {
  const match = /^([^]*?)%0?(\d*)d([^]*)$/.exec(basename(pattern));
  if (!match) return undefined;
  const folder = pattern.slice(0, pattern.length - basename(pattern).length);
  return { before: folder + match[1], width: Number(match[2] || 1), after: match[3] };
}

function nameOf(pattern: string, count: number): string {
  const number = numberOf(pattern);
  return number ? number.before + String(count).padStart(number.width, "0") + number.after : pattern;
}

/** A short name beside the target, so that it fits wherever the target's own does. */
function partOf(pattern: string): string {
  return join(dirname(pattern), `.rpg-${crypto.randomUUID().slice(0, 8)}.part`);
}

/** The highest number that the pattern has on the disk; 0 where there is none. */
async function lastNumber(pattern: string): Promise<number> {
  const number = numberOf(basename(pattern));
  if (!number) return 0;
  const { before, after } = number;
  let last = 0;
  for await (const { name } of Deno.readDir(dirname(pattern))) {
    const middle = name.slice(before.length, name.length - after.length);
    if (name !== before + middle + after || !/^\d+$/.test(middle) || middle.length > MOST_DIGITS) continue;
    last = Math.max(last, Number(middle)); // timestamps with more digits are no numbers of ours
  }
  return last;
}

/** Rename unless the target exists: a hard link fails in that case, where a rename would replace. */
async function rename(from: string, to: string): Promise<boolean> {
  try {
    await Deno.link(from, to);
    await Deno.remove(from);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (await kindOf(to) !== "nothing") return false;
    await Deno.rename(from, to); // file systems without hard links
    return true;
  }
}

/** What a name stands for. A link counts as what it leads to, and one that leads nowhere as a file. */
async function kindOf(path: string): Promise<"nothing" | "file" | "folder" | "device or pipe"> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    return isFile ? "file" : isDirectory ? "folder" : "device or pipe";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await Deno.lstat(path).then(() => "file" as const, () => "nothing" as const);
  }
}

/** Makes what is missing of a folder. @returns the uppermost one that was made */
async function makeFolder(folder: string, pattern: string): Promise<string | undefined> {
  const missing: string[] = [];
  try {
    let at = resolve(folder);
    for (; await kindOf(at) === "nothing"; at = dirname(at)) missing.push(at);
    if (await kindOf(at) !== "folder") {
      throw new UsageError(`${shortened(at)} is not a folder, so ${shortened(pattern)} cannot be written.`);
    }
    await Deno.mkdir(folder, { recursive: true });
    return missing.at(-1);
  } catch (cause) {
    throw writeError(pattern, cause);
  }
}

function writeError(pattern: string, cause: unknown): Error {
  if (cause instanceof RpgError || cause instanceof Deno.errors.NotCapable) return cause;
  const message = (cause as Error).message.replace(/: (\w+ )?'[^']*'( -> '[^']*')?$/, "");
  return new UsageError(`${shortened(pattern)} cannot be written: ${message}.`, { cause });
}

function shortened(pattern: string): string {
  return pattern.length > 100 ? `${pattern.slice(0, 60)}…${pattern.slice(-20)}` : pattern;
}
