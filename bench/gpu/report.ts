/**
 * The tables of a run of bench:gpu.
 *
 * @module
 */
import { writeSection } from "../section.ts";
import type { Result } from "./part.ts";
import type { Row } from "./rows.ts";

/** Every variant of every kernel: long, so that it stands before what is read first. */
export const VARIANTS = "Kernels, every variant";
/** torch's kernels. */
export const TORCH = "Kernels, torch";

interface Table {
  title: string;
  header: string[];
  rows: string[][];
}

/** Rows under their titles. */
function tablesOf(rows: Row[]): Table[] {
  return [...Map.groupBy(rows, ({ title }) => title)].map(([title, rows]) => {
    return { title, header: rows[0].header, rows: rows.map(({ row }) => row) };
  });
}

/** Each kernel by the variant that the device uses, by the fastest one that is right, and by torch. */
function kernelSummary(rows: Row[]): Table[] {
  const of = (title: string) => rows.filter((row) => row.title === title).map(({ row }) => row);
  const [ours, torch] = [of(VARIANTS), of(TORCH)];
  const kernels = Map.groupBy(ours, ([kernel, type]) => `${kernel}\n${type}`);
  const summary = [...kernels].map(([key, variants]) => {
    const [kernel, type] = key.split("\n");
    const right = variants.filter(([, , , , , , wrong]) => !wrong);
    const [, , , used = "", share = ""] = variants.find(([, , variant]) => variant === "used") ?? [];
    const best = right.reduce((a, b) => Number(b[3]) > Number(a[3]) ? b : a, right[0] ?? ["", "", "none", "", "", ""]);
    const other = torch.find(([name, dtype]) => name === kernel && dtype === type)?.[2];
    const ratio = Number(other) && used ? `${(Number(used) / Number(other)).toFixed(2)}×` : "";
    return [kernel, type, used, share, `${best[2]}: ${best[3]} (${best[4]})`, other ?? "", ratio];
  });
  const header = [
    "kernel",
    "type",
    "ours, GFLOP/s",
    "of f32 peak",
    "fastest variant",
    "torch, GFLOP/s",
    "ours / torch",
  ];
  return summary.length ? [{ title: "Kernels", header, rows: summary }] : [];
}

/** How many tests there were. */
function testSummary(rows: Row[]): Table[] {
  const files = rows.filter(({ title }) => title === "Tests").map(({ row }) => row);
  const sum = (column: number) => `${files.reduce((sum, row) => sum + (Number(row[column]) || 0), 0)}`;
  const unknown = files.filter(([, passed]) => !Number.isInteger(Number(passed || "?"))).length;
  const header = ["tests on this adapter", "passed", "failed", "files that were stopped"];
  const row = ["all that compute", sum(1), sum(2), `${unknown}`];
  return files.length ? [{ title: "Tests in all", header, rows: [row] }] : [];
}

/** All tables of a run, what is read first at the end: a terminal and a log show that. */
export function allTables(results: Result[]): Table[] {
  const rows = results.flatMap(({ rows }) => rows);
  const tables = tablesOf(rows);
  const long = ({ title }: Table) => title === VARIANTS || title === TORCH || title.startsWith("Machine");
  return [
    ...tables.filter(long),
    ...tables.filter((table) => !long(table)),
    ...testSummary(rows),
    ...kernelSummary(rows),
  ];
}

/** All of it as Markdown. */
export function markdown(results: Result[]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const tables = allTables(results).map(({ title, header, rows }) =>
    [`## ${title}\n`, line(header), line(header.map((_, i) => i ? "--:" : "---")), ...rows.map(line)].join("\n")
  );
  const parts = results.map(({ part, outcome, seconds, words }) =>
    `- ${part}: ${outcome}, ${seconds.toFixed(0)} s${words ? `\n\n${words.replace(/^/gm, "      ")}\n` : ""}`
  );
  return [...tables, `## Parts\n\n${parts.join("\n")}`].join("\n\n") + "\n";
}

/** The tables that docs/speed.md shows, by how their titles begin, and how many rows of each. */
const SHOWN: [title: string, most: number][] = [
  ["Adapter", 9],
  ["Kernels", 99],
  ["Matrix units", 9],
  ["Models", 99],
  ["Ops, SD 1.5", 12],
  ["Pictures", 9],
  ["Tests in all", 1],
  ["Loading", 9],
];

/** Puts the tables of a run into docs/speed.md. */
export async function writeDocs(results: Result[]): Promise<void> {
  const tables = allTables(results);
  const own = tables.some(({ title }) => title === "Kernels"); // with torch's beside them
  const short = tables.filter(({ title }) => title !== VARIANTS && (title !== TORCH || !own));
  const shown = SHOWN.flatMap(([begins, most]) =>
    short.filter(({ title }) => title.startsWith(begins))
      .map(({ header, rows }) => [header, rows.slice(0, most)] as const)
  );
  await writeSection(new URL("../../docs/speed.md", import.meta.url).pathname, "bench:gpu", shown);
}
