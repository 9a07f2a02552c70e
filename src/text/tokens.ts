/**
 * The words of the prompt language: one pattern that cuts a prompt into constructs, brackets, words and what lies
 * between.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** `<lora:name:weight>` taken out of the text, or another tag in that form. */
export type TagNode =
  & { from: number; to: number }
  & (
    | { kind: "lora"; name: string; textEncoder: number; unet: number }
    /** A tag that means nothing here. */
    | { kind: "tag"; text: string }
  );

/** No letter, digit, underscore or hyphen before; the same behind. */
const ALONE = (pattern: string) => `(?<![\\p{L}\\p{N}_-])(?:${pattern})(?![\\p{L}\\p{N}_-])`;
const KEYWORD = ALONE("BREAK|AND|ADD[\\s_-]*(?:BASE|COMM|COL|ROW)");
const EMBEDDING = '(?i:embedding):(?<named>"[^"]*"|(?:[\\p{L}\\p{N}_-]|\\\\[^]|\\.(?=[\\p{L}\\p{N}_-]))+)';
// Digits are written so that they match in one way only: a long run of them must not be tried in many.
const WEIGHT = ":\\s*(?<weight>[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+))\\s*\\)";

/**
 * Every alternative takes at least one character and all together take any, so matches lie side by side.
 * @param embeddings names to find as they are, in any case, with `\(` for `(` and with or without quotes
 */
export function tokenPattern(embeddings: Iterable<string>): RegExp {
  const names = [...embeddings].sort((a, b) => b.length - a.length).map(nameIn);
  return new RegExp(
    [
      "(?<tag><\\w+:[^<>]*>)",
      EMBEDDING,
      ...(names.length ? [`(?<known>(?i:${names.join("|")}))`] : ["(?<known>(?!))"]),
      `(?<keyword>${KEYWORD})`,
      WEIGHT,
      "\\\\[^]?",
      "[()[\\]:|<]",
      "[\\p{L}\\p{N}_-]+",
      '"',
      '[^\\\\()[\\]:|<"\\p{L}\\p{N}_-]+',
    ].join("|"),
    "gu",
  );
}

function nameIn(name: string): string {
  const literal = name.trim().split(/\s+/).map((word) =>
    word.replace(/[\\^$.*+?()[\]{}|\/]/g, (sign) => /[()[\]\\]/.test(sign) ? `\\\\?\\${sign}` : `\\${sign}`)
  ).join("\\s+");
  return `"${literal}"|${ALONE(literal)}`;
}

/** `<lora:name>`, `<lora:name:weight>`, `<lora:name:te:unet>`, or with `te=` and `unet=`; lyco means the same. */
export function readTag(text: string, span: { from: number; to: number }): TagNode {
  const [kind, name, ...values] = text.slice(1, -1).split(":").map((part) => part.trim());
  if (!/^(lora|lyco)$/i.test(kind)) return { kind: "tag", text, ...span };
  const named = new Map<string, number>();
  const plain: number[] = [];
  for (const value of values) {
    const [, key, number] = /^(?:(te|unet)\s*=\s*)?([+-]?(?:\d+\.?\d*|\.\d+))$/i.exec(value) ?? [];
    if (number === undefined) throw badTag(text, value);
    if (key) named.set(key.toLowerCase(), Number(number));
    else plain.push(Number(number));
  }
  if (!name || plain.length > 2) throw badTag(text, name ? plain.slice(2).join(":") : "");
  const textEncoder = named.get("te") ?? plain[0] ?? 1;
  return { kind: "lora", name, textEncoder, unet: named.get("unet") ?? plain[1] ?? textEncoder, ...span };
}

function badTag(text: string, part: string): UsageError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new UsageError(
    `${shown} cannot be read${part ? ` at "${part.slice(0, 30)}"` : ": it has no name"}. Write <lora:name:weight> or ` +
      "<lora:name:text encoder:unet>.",
  );
}
