/**
 * What is nobody's business stays out of messages, files and JSON: keys, the parts of a URL that carry them, and where
 * a user's files lie.
 *
 * @module
 */

const keys = new Set<string>();

/**
 * What is so short, or a short word, is nobody's secret: local servers want "none" or "ollama" for a key, and hiding
 * that would tear holes into prompts.
 */
const NO_SECRET = /^(?:.{0,5}|\p{L}{0,7})$/su;

/** Whoever reads a key or a token says so, and no message or file shows it from then on. */
export function keepSecret(key: string | undefined): void {
  if (key !== undefined && !NO_SECRET.test(key)) keys.add(key);
}

/** A text without the keys that are known, also where JSON's escapes stand for their letters. */
export function withoutKeys(text: string): string {
  for (const key of keys) {
    text = text.replaceAll(key, "[key]");
    if (text.includes("\\u")) text = text.replace(escaped(key), "[key]");
  }
  return text;
}

/** Matches a key, some of whose letters may be written as JSON escapes them. */
function escaped(key: string): RegExp {
  const letters = Array.from({ length: key.length }, (_, i) => {
    const code = key.charCodeAt(i).toString(16).padStart(4, "0");
    return `(?:${RegExp.escape(key[i])}|\\\\u${code})`;
  });
  return new RegExp(letters.join(""), "gi");
}

/**
 * A message for everybody's eyes: without keys, URLs without user, password and query, the user's home folder as "~".
 */
export function publicText(text: string): string {
  const plain = withoutKeys(text).replace(
    URLS,
    (_, scheme, address, query) => `${scheme}${address}${query ? "?…" : ""}`,
  );
  const home = homeFolder();
  if (home === undefined || !plain.includes(home)) return plain;
  return plain.split(home).reduce((before, after) => {
    const isWhole = !/[\p{L}\p{N}_.-]$/u.test(before) && !/^[\p{L}\p{N}_.-]/u.test(after);
    return `${before}${isWhole ? "~" : home}${after}`;
  });
}

/** What a path, URL or name on the hub is called by people: its last part. */
export function publicName(place: string): string {
  const path = place.replace(/^(https?:\/\/[^?#]*)[^]*$/i, "$1").replace(/[\\/]+$/, "");
  return path.split(/[\\/]/).pop()!;
}

/** Up to the path; the last @ before it ends the user's part. */
const URLS = /(https?:\/\/)(?:[^\s/?#"'<>]*@)?([^\s?"'<>]*)(\?[^\s"'<>]*)?/gi;

/** The user's home folder, where the program may know it; never the root. */
export function homeFolder(): string | undefined {
  for (const variable of ["HOME", "USERPROFILE"]) {
    if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") continue;
    const home = Deno.env.get(variable)?.replace(/[\\/]+$/, "");
    if (home) return home;
  }
  return undefined;
}
