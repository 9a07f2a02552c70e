/**
 * What the composition benchmark has drawn so far, kept in a file where one is named.
 *
 * @module
 */
import type { Found } from "../src/judge/detector.ts";
import { Lines } from "./lines.ts";

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
  private constructor(readonly rows: Row[], private readonly lines: Lines<Omit<Row, "png"> & { png: string }>) {}

  /** Those of a file, which need not exist yet; without one they are kept in memory alone. `of`: the model's hash. */
  static async open(path: string | undefined, of: string): Promise<Results> {
    const lines = await Lines.open<Omit<Row, "png"> & { png: string }>(path, of);
    return new Results(lines.rows.map((row) => ({ ...row, png: Uint8Array.fromBase64(row.png) })), lines);
  }

  has(prompt: string, variant: string): boolean {
    return this.rows.some((row) => row.prompt === prompt && row.variant === variant);
  }

  async add(row: Row): Promise<void> {
    this.rows.push(row);
    await this.lines.add({ ...row, png: row.png.toBase64() });
  }
}
