/**
 * Lines of JSON in a file, each kept as soon as it is there, so that a run that was stopped goes on where it was.
 *
 * @module
 */
import { UsageError } from "../src/errors.ts";

/** What has been measured so far. */
export class Lines<T> {
  private constructor(readonly rows: T[], private readonly path?: string) {}

  /**
   * Those of a file, which need not exist yet; without one they are kept in memory alone.
   *
   * @param of what they are of, such as a model's hash: the file's first line. Absent: the file does not say
   * @throws UsageError where the file is of something else
   */
  static async open<T>(path: string | undefined, of?: string): Promise<Lines<T>> {
    if (path === undefined) return new Lines<T>([]);
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    // A run that was stopped while it wrote leaves half a line.
    const lines = text.split("\n").slice(0, -1);
    if (of !== undefined) {
      const { of: found = of } = lines.length ? JSON.parse(lines[0]) : {};
      if (found !== of) throw new UsageError(`${path} holds what came of ${found}, not of ${of}. Name another file.`);
      if (lines.length === 0) lines.push(JSON.stringify({ of }));
    }
    await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join(""));
    return new Lines(lines.slice(of === undefined ? 0 : 1).map((line) => JSON.parse(line)), path);
  }

  /** Keeps one more. */
  async add(row: T): Promise<void> {
    this.rows.push(row);
    if (this.path === undefined) return;
    await Deno.writeTextFile(this.path, `${JSON.stringify(row)}\n`, { append: true });
  }
}
