/**
 * Put results on the disk so that nothing is ever overwritten or left half-written.
 *
 * @module
 */
import { basename, dirname, join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";

/** Where results go: a fixed path, or a pattern whose `%03d` (any width) is a running number. */
export interface NewFileOptions {
  pattern: string;
  /** Replace a file that is already there. */
  force?: boolean;
}

/**
 * Check a pattern before any work is done, so that minutes of it are not lost to a wrong path.
 *
 * @param count how many files will be written; more than one need a number in the pattern
 * @throws UsageError when the folder is missing, or the one fixed name is taken
 */
export async function checkNewFile({ pattern, force }: NewFileOptions, count = 1): Promise<void> {
  const folder = dirname(pattern);
  if (!await isFolder(folder)) throw new UsageError(`There is no folder ${folder} for ${pattern}. Make it first.`);
  if (NUMBER.test(pattern)) return;
  const numbered = pattern.replace(/(\.\w+)?$/, "_%03d$1");
  if (count > 1) throw new UsageError(`${count} pictures need a number in their name: -o ${numbered}.`);
  if (!force && await exists(pattern)) {
    throw new UsageError(`${pattern} is already there. Add --force to replace it, or number them: -o ${numbered}.`);
  }
}

/**
 * Write `bytes` under a temporary name beside the target, then give it its name in one step. A pattern takes the number
 * after the highest there is; with `force` it takes `number`.
 *
 * @returns the path written
 * @throws UsageError when the fixed name is taken or the folder cannot be written to
 */
export async function writeNewFile(options: NewFileOptions, bytes: Uint8Array, number = 1): Promise<string> {
  const { pattern, force } = options;
  const part = join(dirname(pattern), `.${basename(pattern).replace(NUMBER, "")}.${crypto.randomUUID()}.part`);
  try {
    await Deno.writeFile(part, bytes, { createNew: true });
    if (force) {
      const path = nameOf(pattern, number);
      await Deno.rename(part, path);
      return path;
    }
    for (let next = await lastNumber(pattern) + 1;; next++) {
      const path = nameOf(pattern, next);
      if (await rename(part, path)) return path;
      if (path === pattern) throw new UsageError(`${pattern} is already there. Add --force to replace it.`);
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${pattern} cannot be written: ${(cause as Error).message}`, { cause });
  } finally {
    await Deno.remove(part).catch(() => {}); // it is gone where all went well
  }
}

const NUMBER = /%0?(\d*)d/;

function nameOf(pattern: string, number: number): string {
  return pattern.replace(NUMBER, (_, width) => String(number).padStart(Number(width || 1), "0"));
}

/** The highest number that the pattern has on the disk; 0 where there is none. */
async function lastNumber(pattern: string): Promise<number> {
  const file = basename(pattern);
  if (!NUMBER.test(file)) return 0;
  const [before, , after] = file.split(/(%0?\d*d)/);
  let last = 0;
  for await (const { name } of Deno.readDir(dirname(pattern))) {
    const middle = name.slice(before.length, name.length - after.length);
    if (name === before + middle + after && /^\d+$/.test(middle)) last = Math.max(last, Number(middle));
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
    if (await exists(to)) return false;
    await Deno.rename(from, to); // file systems without hard links
    return true;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
