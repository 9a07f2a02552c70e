/**
 * Lists of prompts: text with one a line, CSV and JSON lines with a flag per column.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { RpgError, UsageError } from "../errors.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readStandardInput, readUserText } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { flagOf } from "../settings/check.ts";
import { SETTINGS } from "../settings/schema.ts";
import type { FlagValues } from "../settings.ts";
import { settingOf } from "./flags.ts";
import { readGiven } from "./given.ts";
import { collect, type Given, parseArgs } from "./parse_args.ts";

/** One row: what it sets besides the command line, or what is wrong with it. */
export interface Row {
  /** Where it begins, from 1. */
  line: number;
  flags: FlagValues;
  error?: RpgError;
}

/**
 * The rows of a list in their order. A row that cannot be used carries its error, so that it loses no other.
 *
 * Text has a prompt a line; empty lines and those that begin with # are left out, and a line that begins with -- holds
 * flags, as in AUTOMATIC1111's script. "-" is standard input: text, or JSON lines where it begins with one.
 *
 * @param beside the command line's flags: a row may say more of their last ControlNet
 * @throws UsageError where the file cannot be read or holds no row
 */
export async function readRows(path: string, signal: AbortSignal, beside?: FlagValues): Promise<Row[]> {
  const text = path === "-"
    ? await readStandardInput("the list", BYTES_OF.prompts, signal)
    : await readUserText(path, "The list", BYTES_OF.prompts);
  const extension = path === "-" && /^\s*\{/.test(text) ? "jsonl" : /\.(\w+)$/.exec(path)?.[1].toLowerCase() ?? "";
  const isJson = extension === "jsonl" || extension === "ndjson";
  const rows = extension === "csv" || extension === "tsv"
    ? await tableRows(text, path, beside, extension === "tsv" ? "\t" : undefined)
    : lineRows(text, (line) => isJson ? jsonRow(line, beside) : textRow(line, beside));
  if (rows.length === 0) throw new UsageError(`${path} holds nothing to draw.`);
  return rows;
}

function lineRows(text: string, read: (line: string) => FlagValues | undefined): Row[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/).flatMap((line, i) => rowOf(i + 1, () => read(line.trim())));
}

/** A row, or its error; none where there is nothing to read. */
function rowOf(line: number, read: () => FlagValues | undefined): Row[] {
  try {
    const flags = read();
    if (!flags) return [];
    refuseWhole(Object.keys(flags));
    return [{ line, flags }];
  } catch (error) {
    if (!(error instanceof RpgError)) throw error;
    return [{ line, flags: {}, error }];
  }
}

function textRow(line: string, beside?: FlagValues): FlagValues | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  if (!/^--\w/.test(line)) return { prompt: line };
  const { argument, command, flags } = parseArgs(wordsOf(line), beside);
  if (argument !== undefined || command !== "generate") throw new UsageError(`A line of flags takes --prompt "…".`);
  return flags;
}

function jsonRow(line: string, beside?: FlagValues): FlagValues | undefined {
  if (line === "") return undefined;
  let values: unknown;
  try {
    values = parseStrictJson(line);
  } catch (cause) {
    throw new UsageError(`It is not valid JSON: ${(cause as Error).message}.`, { cause });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new UsageError(`It must be an object such as {"prompt": "a cat", "seed": 3}, not ${brief(values)}.`);
  }
  return collect("generate", Object.entries(values).flatMap(([name, value]) => readGiven(name, value)), beside);
}

async function tableRows(text: string, path: string, beside?: FlagValues, separator?: string): Promise<Row[]> {
  const { parseCsv } = await import("../deps/csv.ts");
  // What a line of one column has of these is in its text.
  const first = /^[^\n]*/.exec(text)![0];
  const delimiter = separator ?? (first.includes(";") && !first.includes(",") ? ";" : ",");
  const options = {
    bom: true,
    info: true,
    raw: true,
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  };
  let parsed: { record: string[]; raw: string; info: { lines: number } }[];
  try {
    parsed = parseCsv(text, options) as unknown as typeof parsed;
  } catch (cause) {
    throw new UsageError(`${path} is not valid CSV: ${(cause as Error).message}.`, { cause });
  }
  const header = parsed[0]?.record ?? [];
  checkHeader(header, path);
  return parsed.slice(1).flatMap(({ record, raw, info }) => {
    const begins = info.lines - raw.trim().split("\n").length + 1;
    return rowOf(begins, () => {
      const more = record.slice(header.length).filter((cell) => cell !== "");
      if (more.length) throw new UsageError(`It has ${record.length} columns, but the header names ${header.length}.`);
      const given = record.flatMap((cell, i): Given[] => cell === "" ? [] : readGiven(header[i], cell));
      return given.length ? collect("generate", given, beside) : undefined;
    });
  });
}

/** A column's name is wrong for all rows, so it is an error of the file. */
function checkHeader(header: readonly string[], path: string): void {
  try {
    const seen = new Set<string>();
    for (const column of header) {
      const name = settingOf(`--${column}`);
      refuseWhole([name]);
      const { repeat, within } = SETTINGS[name];
      if (seen.has(name) && !repeat && !within) throw new UsageError(`Two columns are ${flagOf(name)}: leave one out.`);
      seen.add(name);
    }
  } catch (cause) {
    throw cause instanceof UsageError ? new UsageError(`${path}, line 1: ${cause.message}`, { cause }) : cause;
  }
}

/** @throws UsageError for what no row decides alone */
export function refuseWhole(names: readonly string[]): void {
  const whole = names.find((name) => SETTINGS[name]?.run);
  if (whole !== undefined) {
    throw new UsageError(`${flagOf(whole)} holds for the whole run: give it on the command line.`);
  }
}

const WORD = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/g;

/**
 * The words of a line as a shell parts them: quotes of both kinds, backslashes outside single ones.
 *
 * @throws UsageError for a quote that is not closed, and for a backslash that ends the line
 */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  const [alone] = line.replace(WORD, "").trim();
  if (alone === "\\") throw new UsageError("It has a \\ at its end, with nothing behind it.");
  if (alone) {
    throw new UsageError(`It has a ${alone} by itself: close it, or put what holds it in quotes of the other kind.`);
  }
  for (const [, word] of line.matchAll(WORD)) {
    words.push(word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) => {
      return double?.replace(/\\(.)/g, "$1") ?? single ?? escaped;
    }));
  }
  return words;
}
