/**
 * A model's JSON and text files.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { readWhole } from "./byte_file.ts";
import { parseStrictJson } from "./strict_json.ts";
import { decodeText } from "./text.ts";

/** Contents of a JSON file that is data to us. */
export type Config = Record<string, unknown>;

/** A file that must hold one JSON object. @throws ModelError naming the file and what it holds instead */
export async function readJson(path: string): Promise<Config> {
  return parseObject(await readText(path), path);
}

/** A text file of moderate size. @throws ModelError */
export async function readText(path: string): Promise<string> {
  const text = decodeText(await readWhole(path, BYTES_OF.modelText));
  if (text === undefined) throw new ModelError(`${path} is not UTF-8 text.`);
  return text;
}

/** One JSON object without duplicate keys. `where` names the text in messages. @throws ModelError */
export function parseObject(text: string, where: string): Config {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    throw new ModelError(`${where} is not valid JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ModelError(`${where} holds ${brief(value)}; expected a JSON object.`);
  }
  return value as Config;
}
