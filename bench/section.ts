/**
 * Puts tables that a benchmark made into a page of docs/, between the comments that bear its name.
 *
 * @module
 */
import { RpgError } from "../src/errors.ts";

/** Markdown of a table, the first row being its header. */
function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line)].join("\n");
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->` in `page`. */
export async function writeSection(
  page: string,
  name: string,
  tables: readonly (readonly [readonly string[], readonly (readonly string[])[]])[],
): Promise<void> {
  const text = await Deno.readTextFile(page);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new RpgError(`${page} has no section ${begin} … ${end}.`, 1);
  const body = tables.map(([header, rows]) => markdown(header, rows)).join("\n\n");
  await Deno.writeTextFile(page, `${text.slice(0, from + begin.length)}\n${body}\n${text.slice(to)}`);
}
