/**
 * JSON for standard output.
 *
 * @module
 */
import { withoutKeys } from "../secrets.ts";

/** A value as JSON, without keys; seeds beyond JavaScript's exact integers become strings. */
export function json(value: unknown): string {
  return JSON.stringify(value, plain, 2);
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plain);
}

function plain(_key: string, part: unknown): unknown {
  return typeof part === "bigint" ? part.toString() : typeof part === "string" ? withoutKeys(part) : part;
}
