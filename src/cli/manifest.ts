/**
 * What has become of a list of pictures, as JSON lines: one is added for each picture that is drawn or fails, so that a
 * run that ends early can be gone on with.
 *
 * @module
 */
import { dirname, isAbsolute, join, relative, resolve } from "../deps/path.ts";
import { RpgError, UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { readUserFile, readUserText } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { sha256 } from "../picture/input.ts";
import type { OwnFiles } from "./output.ts";

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

/** A file beside the pictures, noted before it is written: a plan, or the contact sheet. */
interface Beside {
  /** Of its row; none where it is the whole list's. */
  line?: number;
  key: string;
  /** In the manifest relative to where that lies. */
  file: string;
  sha256: string;
}

/** The key of what belongs to no row. */
const WHOLE = "list";

/** A manifest that is gone on with. */
export class Manifest {
  /** The last entry of each picture that was drawn, by its key. */
  readonly #drawn: ReadonlyMap<string, Entry>;
  readonly #beside: Beside[];

  private constructor(readonly path: string, lines: readonly (Entry | Beside)[], private ended: boolean) {
    const entries = lines.filter((line): line is Entry => !("file" in line));
    this.#beside = lines.filter((line) => "file" in line);
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

  /** Adds a picture, or what kept it from being drawn. @throws UsageError where it cannot be written */
  async add(entry: Entry): Promise<void> {
    await this.#write({ ...entry, path: entry.path && this.#from(entry.path) });
  }

  /** What was written beside the pictures of a row, and of the whole list. */
  own(line?: number, key = WHOLE): OwnFiles {
    return {
      has: async (path) => {
        const file = this.#from(path);
        const noted = this.#beside.filter((one) => one.file === file && (one.key === key || one.key === WHOLE));
        if (noted.length === 0) return false;
        const there = await hashOf(path);
        return noted.some((one) => one.sha256 === there);
      },
      note: async (path, bytes) => {
        const beside = { line, key, file: this.#from(path), sha256: await sha256(bytes) };
        await this.#write(beside);
        this.#beside.push(beside);
      },
    };
  }

  #from(path: string): string {
    return relative(dirname(resolve(this.path)), resolve(path));
  }

  async #write(entry: Entry | Beside): Promise<void> {
    const line = `${this.ended ? "" : "\n"}${JSON.stringify(entry)}\n`;
    try {
      await Deno.mkdir(dirname(this.path), { recursive: true });
      await Deno.writeTextFile(this.path, line, { append: true });
      this.ended = true;
    } catch (cause) {
      throw new UsageError(`The manifest ${this.path} cannot be written: ${(cause as Error).message}.`, { cause });
    }
  }
}

function entryIn(line: string): Entry | Beside | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null && "key" in entry ? entry as Entry | Beside : undefined;
  } catch {
    return undefined;
  }
}

/** None of what is not there, and of what is no file of ours. */
async function hashOf(path: string): Promise<string | undefined> {
  try {
    return await sha256(await readUserFile(path, "The file", BYTES_OF.picture));
  } catch (error) {
    if (error instanceof RpgError) return undefined;
    throw error;
  }
}
