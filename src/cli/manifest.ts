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
  private constructor(readonly path: string, readonly entries: readonly Entry[], private ended: boolean) {}

  /** Reads what is there. @throws UsageError where that is no manifest */
  static async open(path: string): Promise<Manifest> {
    if (!await exists(path)) return new Manifest(path, [], true);
    const text = await readUserText(path, "The manifest", BYTES_OF.prompts);
    const lines = text.split("\n");
    const entries = lines.flatMap((line, i): Entry[] => {
      try {
        if (line.trim() === "") return [];
        const entry = JSON.parse(line) as Entry;
        if (typeof entry.key === "string") return [entry];
      } catch {
        if (i === lines.length - 1) return []; // the run was killed while it wrote
      }
      throw new UsageError(`${path}, line ${i + 1}, is none of a manifest. Name another file with --manifest.`);
    });
    return new Manifest(path, entries, text === "" || text.endsWith("\n"));
  }

  /** The entry of a picture that was drawn and is still there. */
  async done(key: string): Promise<Entry | undefined> {
    for (const entry of this.entries.toReversed()) {
      if (entry.key !== key || entry.path === undefined) continue;
      const path = isAbsolute(entry.path) ? entry.path : join(dirname(this.path), entry.path);
      if (await exists(path)) return { ...entry, path };
    }
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
