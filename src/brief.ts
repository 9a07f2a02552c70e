/**
 * Values from outside, fit for one line of a message.
 *
 * @module
 */
import { COUNT_OF } from "./limits.ts";

/** A value as JSON on one line, without control characters, cut where it is long. */
export function brief(value: unknown, length: number = COUNT_OF.quoted): string {
  const text = typeof value === "string" ? JSON.stringify(cut(value, length)) : describe(value, 3);
  return visible(cut(text, length + 2)); // JSON leaves some control characters as they are
}

/** Text as it is on one line, without control characters, cut where it is long; anything else as {@linkcode brief}. */
export function briefText(text: unknown, length: number = COUNT_OF.quoted): string {
  if (typeof text !== "string") return brief(text, length);
  return visible(cut(text, length));
}

function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** JSON of the outermost levels; a few things of each. */
function describe(value: unknown, levels: number): string {
  if (typeof value === "string") return JSON.stringify(cut(value, COUNT_OF.quoted));
  if (typeof value !== "object" || value === null) return String(value);
  if (levels === 0) return "…";
  const items = Array.isArray(value)
    ? value.slice(0, 9).map((item) => describe(item, levels - 1))
    : Object.entries(value).slice(0, 9).map(([key, item]) => `${describe(key, 1)}: ${describe(item, levels - 1)}`);
  return Array.isArray(value) ? `[${items.join(",")}]` : `{${items.join(", ")}}`;
}
