/**
 * `--timings`: where a picture's time went, for people.
 *
 * @module
 */
import { seconds } from "./progress.ts";

/** Seconds. */
export interface Timings {
  load: number;
  compile: number;
  encode: number;
  steps: number[];
  decode: number;
  write: number;
  total: number;
}

/** A line for each part of the work, in its order; what is in none of them (previews, looking, mending) is the rest. */
export function timingsTable({ load, encode, compile, steps, decode, write, total }: Timings): string {
  const stepping = steps.reduce((sum, step) => sum + step, 0);
  const sorted = steps.toSorted((a, b) => a - b);
  const each = steps.length > 1
    ? `${steps.length}: the first ${seconds(steps[0])}, the median ${seconds(sorted[Math.floor(steps.length / 2)])}`
    : "";
  const rest = Math.max(0, total - load - encode - compile - stepping - decode - write);
  const rows: [string, number, string][] = [
    ["load", load, ""],
    ["encode", encode, ""],
    ["compile", compile, ""],
    ["steps", stepping, each],
    ["decode", decode, ""],
    ["write", write, ""],
    ["rest", rest, ""],
    ["total", total, ""],
  ];
  return rows.map(([name, value, more]) => {
    const share = total > 0 ? `${(100 * value / total).toFixed(0)} %` : "";
    return `${name.padEnd(8)} ${seconds(value).padStart(9)} ${share.padStart(6)}  ${more}`.trimEnd();
  }).join("\n");
}
