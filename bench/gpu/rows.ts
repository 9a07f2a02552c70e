/**
 * What a part of bench:gpu says: rows of tables, one line of JSON each, so that a part that is stopped has said what it knew.
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

/** The rows among what a part has said. */
export function rowsOf(output: string): Row[] {
  return output.split("\n").filter((line) => line.startsWith('{"title"') && line.endsWith("}")).map((line) =>
    JSON.parse(line)
  );
}
