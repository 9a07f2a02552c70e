/**
 * Random access to a file: ranges into buffers the caller owns, nothing else held.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { COUNT_OF } from "../limits.ts";

/**
 * Bytes that are read at once, while the program waits: from memory that takes less time than asking another thread,
 * and what was read is then in the cache of the processor that works on it.
 */
const AT_ONCE = 2 * 1024 * 1024;

/** A regular file opened for reading by ranges. */
export class ByteFile {
  /** The file's one position is shared, so reads wait for one another. */
  #last: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  private constructor(readonly path: string, readonly size: number, readonly handle: Deno.FsFile) {}

  /** @throws ModelError where the file is missing, no regular file, or not readable */
  static async open(path: string): Promise<ByteFile> {
    try {
      if (!(await Deno.stat(path)).isFile) throw new ModelError(`${path} is not a regular file.`);
      const handle = await Deno.open(path);
      const { isFile, size } = await handle.stat();
      if (isFile) return new ByteFile(path, size, handle);
      handle.close(); // replaced meanwhile
      throw new ModelError(`${path} is not a regular file.`);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  /**
   * Fills `into` with the bytes from `offset` on.
   * @throws ModelError where the file ends before that
   */
  readAt(into: Uint8Array, offset: number): Promise<void> {
    const read = this.#last.then(() => this.#read(into, offset));
    this.#last = read.catch(() => {});
    return read;
  }

  async #read(into: Uint8Array, offset: number): Promise<void> {
    try {
      // Waiting for a seek would keep the read from starting until the caller pauses, and a seek reads nothing.
      this.handle.seekSync(offset, Deno.SeekMode.Start);
      for (let filled = 0; filled < into.length;) {
        const rest = into.subarray(filled);
        const count = into.length > AT_ONCE ? await this.handle.read(rest) : this.handle.readSync(rest);
        if (!count) {
          throw new ModelError(
            `${this.path} ends at byte ${offset + filled}; expected ${offset + into.length} or more.`,
          );
        }
        filled += count;
      }
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  /** A copy of `length` bytes from `offset`. The range must lie in the file, so no more than its size is allocated. */
  async bytesAt(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new ModelError(
        `${this.path} has ${this.size} bytes, but bytes ${offset} to ${
          offset + length
        } are asked for. It may be truncated.`,
      );
    }
    const bytes = new Uint8Array(length);
    await this.readAt(bytes, offset);
    return bytes;
  }

  /** Closes the file. Doing so again does nothing, as with anything that `using` disposes of. */
  close(): void {
    if (this.#isOpen) this.handle.close();
    this.#isOpen = false;
  }
}

/**
 * All bytes of a regular file.
 * @param most bytes that it may have
 * @throws ModelError where it is missing, larger, or no regular file: a device or pipe might never end
 */
export async function readWhole(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await ByteFile.open(path);
  try {
    if (file.size > most) {
      throw new ModelError(`${path} has ${file.size} bytes; expected at most ${most}.`);
    }
    return await file.bytesAt(0, file.size);
  } finally {
    file.close();
  }
}

/** The first bytes of a regular file: `count`, or all it has. @throws ModelError */
export async function readStart(path: string, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await ByteFile.open(path);
  try {
    return await file.bytesAt(0, Math.min(count, file.size));
  } finally {
    file.close();
  }
}

/** What the system says of a file, as an error a user can act on. Errors of our own pass unchanged. */
export function fileError(path: string, error: unknown): unknown {
  const say = (what: string) => new ModelError(`${path} ${what}`, { cause: error });
  if (error instanceof Deno.errors.NotFound) return say("does not exist.");
  if (error instanceof Deno.errors.PermissionDenied) return say("may not be read by this user: permission denied.");
  if (error instanceof Deno.errors.NotCapable) return say("may not be read: run Deno with --allow-read.");
  if (error instanceof Deno.errors.FilesystemLoop) return say("is a loop of symbolic links.");
  if (error instanceof Deno.errors.NotADirectory) return say("has a file where a folder must be.");
  if (error instanceof Deno.errors.IsADirectory) return say("is a folder; expected a file.");
  return error instanceof Error && error.message.includes("os error")
    ? say(`cannot be read: ${error.message}.`)
    : error;
}

/** Whether a file or folder is there. A loop of links or a forbidden folder is an error, not an absence. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw fileError(path, error);
  }
}

/**
 * The files in a folder and in those within it, as paths within it, in order. Links to folders are followed. Hidden
 * folders, and what this user may not read of the others, are passed over.
 * @throws ModelError where the folder itself cannot be read
 */
export async function filesWithin(folder: string): Promise<string[]> {
  const files: string[] = [];
  const look = async (path: string, depth: number): Promise<void> => {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${folder}/${path}`)) {
      if (files.length >= COUNT_OF.files) return;
      if (!isDirectory && !(isSymlink && await isFolder(`${folder}/${path}${name}`).catch(() => false))) {
        files.push(path + name);
      } else if (depth < COUNT_OF.folders && !name.startsWith(".")) {
        await look(`${path}${name}/`, depth + 1).catch(() => {});
      }
    }
  };
  await look("", 0).catch((error) => {
    throw fileError(folder, error);
  });
  return files.sort();
}

/** Whether what is there is a folder. @throws ModelError where nothing is there, or it may not be looked at */
export async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, (error) => {
    throw fileError(path, error);
  });
}
