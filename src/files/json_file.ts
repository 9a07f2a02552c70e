/**
 * JSON from disk, with the checks that JSON.parse leaves out.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { ByteFile } from "./byte_file.ts";

/** Contents of a JSON file that is data to us. */
export type Config = Record<string, unknown>;

/** Configs are a few KiB, vocabularies and index files a few MiB. */
const LARGEST = 256 * 1024 * 1024;

/** A file that must hold one JSON object. @throws ModelError naming the file and what it holds instead */
export async function readJson(path: string): Promise<Config> {
  return parseObject(await readText(path), path);
}

/** A UTF-8 file of moderate size. @throws ModelError */
export async function readText(path: string): Promise<string> {
  const file = await ByteFile.open(path);
  try {
    if (file.size > LARGEST) {
      throw new ModelError(`${path} has ${file.size} bytes; expected a text file of at most ${LARGEST}.`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.bytesAt(0, file.size));
  } catch (error) {
    throw error instanceof TypeError ? new ModelError(`${path} is not UTF-8 text.`) : error;
  } finally {
    file.close();
  }
}

/** One JSON object without duplicate keys. `where` names the text in messages. @throws ModelError */
export function parseObject(text: string, where: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(withoutBareInfinity(text));
  } catch (error) {
    throw new ModelError(`${where} is not valid JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ModelError(`${where} holds ${JSON.stringify(value).slice(0, 40)}; expected a JSON object.`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new ModelError(`${where} has the key "${twice}" twice.`);
  return value as Config;
}

/**
 * Python writes -Infinity where JSON has no such number (every DPM-Solver config holds one): a number too large for JSON to
 * say reads as the same.
 */
function withoutBareInfinity(text: string): string {
  if (!text.includes("Infinity")) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|\bInfinity\b/g, (token) => token === "Infinity" ? "1e999" : token);
}

/** The first key that an object in valid JSON text holds twice. JSON.parse would keep the last one silently. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = []; // keys of the objects and (unused) arrays around the current place
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (const [found, isKey] of text.matchAll(token)) {
    if (found === "{" || found === "[") open.push(new Set());
    else if (found === "}" || found === "]") open.pop();
    else if (isKey) {
      const key = JSON.parse(found.slice(0, found.lastIndexOf(":")));
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
}
