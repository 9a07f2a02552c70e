/**
 * What the composition benchmark has drawn so far, kept in a file where one is named.
 *
 * @module
 */
import type { Found } from "../src/judge/detector.ts";

/** One picture, drawn and looked at. */
export interface Row {
  prompt: string;
  variant: string;
  png: Uint8Array;
  found: Found[];
  /** Of all its steps. */
  seconds: number;
}

/** Rows, each kept as soon as it is there: a line of JSON with the picture in base64. */
export class Results {
  private constructor(readonly rows: Row[], private readonly path?: string) {}

  /** Those of a file, which need not exist yet; without one they are kept in memory alone. */
  static async open(path?: string): Promise<Results> {
    const text = path === undefined ? "" : await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    // A run that was stopped while it wrote leaves half a line.
    const lines = text.split("\n").slice(0, -1);
    const rows = lines.map((line): Row => {
      const row = JSON.parse(line);
      return { ...row, png: Uint8Array.fromBase64(row.png) };
    });
    if (path !== undefined) await Deno.writeTextFile(path, lines.map((line) => line + "\n").join(""));
    return new Results(rows, path);
  }

  has(prompt: string, variant: string): boolean {
    return this.rows.some((row) => row.prompt === prompt && row.variant === variant);
  }

  async add(row: Row): Promise<void> {
    this.rows.push(row);
    if (this.path === undefined) return;
    await Deno.writeTextFile(this.path, JSON.stringify({ ...row, png: row.png.toBase64() }) + "\n", { append: true });
  }
}
