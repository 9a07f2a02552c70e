/**
 * What a part of bench:gpu says: rows of tables, one line of JSON each, so that a part that is stopped has said what it
 * knew.
 *
 * @module
 */

/** A row of the table with this title. */
export interface Row {
  title: string;
  header: string[];
  row: string[];
}

/** Says a row. */
export function say(title: string, header: string[], row: (string | number)[]): void {
  console.log(JSON.stringify({ title, header, row: row.map(String) } satisfies Row));
}

/** Says what begins now, for the log: where nothing follows, that is what hangs. */
export function begin(what: string): void {
  console.log(`${(performance.now() / 1000).toFixed(1)} s: ${what}`);
}

/** The row in a line; nothing where it is another's words. */
export function rowOf(line: string): Row | undefined {
  if (!line.startsWith('{"title"')) return undefined;
  try {
    const row = JSON.parse(line);
    return Array.isArray(row.row) && Array.isArray(row.header) ? row : undefined;
  } catch {
    return undefined;
  }
}

/** The first line of what went wrong, short enough for a cell. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split("\n")[0].slice(0, 160);
}

/** A time in ms or s. */
export function duration(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}

/** The first line that a program of the machine prints. */
export async function firstOutputLine(command: string, ...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n")[0] : "fails";
  } catch {
    return "not there";
  }
}
