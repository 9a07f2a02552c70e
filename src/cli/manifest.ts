/**
 * What has become of a list of pictures, as JSON lines: one is added for each picture that is drawn or fails, so that a
 * run that ends early can be gone on with.
 *
 * @module
 */
import { dirname, isAbsolute, join, relative, resolve } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { readUserText } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";

/** A picture that was drawn, or what kept it from being drawn. */
export interface Entry {
  /** Where the list has it, from 1. */
  line: number;
  /** Stands for all that was asked of the picture. */
  key: string;
  /** In the file relative to where the manifest lies. */
  path?: string;
  seed?: number | string;
  prompt?: string;
  seconds?: number;
  warnings?: string[];
  error?: string;
}

/** A manifest that is gone on with. */
export class Manifest {
  /** The last entry of each picture that was drawn, by its key. */
  readonly #drawn: ReadonlyMap<string, Entry>;

  private constructor(readonly path: string, entries: readonly Entry[], private ended: boolean) {
    // Of those that had a place one after another, with --force, the last is there.
    const placed = new Map(entries.filter(({ path }) => path !== undefined).map((entry) => [entry.path, entry]));
    this.#drawn = new Map(
      entries.filter((entry) => placed.get(entry.path) === entry).map((entry) => [entry.key, entry]),
    );
  }

  /** Reads what is there. @throws UsageError where that is no manifest */
  static async open(path: string): Promise<Manifest> {
    if (!await exists(path)) return new Manifest(path, [], true);
    const text = await readUserText(path, "The manifest", BYTES_OF.prompts);
    // A run that is killed leaves half a line, perhaps with others after it.
    const entries = text.split("\n").flatMap((line) => entryIn(line) ?? []);
    if (entries.length === 0 && text.trim() !== "" && !text.startsWith('{"line":')) {
      throw new UsageError(`${path} is there, and is no manifest of a list. Name another file with --manifest.`);
    }
    return new Manifest(path, entries, text === "" || text.endsWith("\n"));
  }

  /** The entry of a picture that was drawn and is still there. */
  async done(key: string): Promise<Entry | undefined> {
    const entry = this.#drawn.get(key);
    if (entry?.path === undefined) return undefined;
    const path = isAbsolute(entry.path) ? entry.path : join(dirname(this.path), entry.path);
    return await exists(path) ? { ...entry, path } : undefined;
  }

  /** Adds a line. @throws UsageError where it cannot be written */
  async add(entry: Entry): Promise<void> {
    const path = entry.path && relative(dirname(resolve(this.path)), resolve(entry.path));
    const line = `${this.ended ? "" : "\n"}${JSON.stringify({ ...entry, path })}\n`;
    try {
      await Deno.mkdir(dirname(this.path), { recursive: true });
      await Deno.writeTextFile(this.path, line, { append: true });
      this.ended = true;
    } catch (cause) {
      throw new UsageError(`The manifest ${this.path} cannot be written: ${(cause as Error).message}.`, { cause });
    }
  }
}

function entryIn(line: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null && "key" in entry ? entry as Entry : undefined;
  } catch {
    return undefined;
  }
}
