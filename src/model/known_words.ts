/**
 * What a small model was taught, where its folder says so (words.json, as the bundled model's).
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { readJson } from "../files/json_file.ts";

/** The words of a model. */
export interface KnownWords {
  /** Things, with their other names. */
  concepts: Record<string, string[]>;
  /** For names of things that were not taught, the things of the same kind that were. */
  kinds: { concepts: string[]; others: string[] }[];
  colours: string[];
  backgrounds: string[];
  places: string[];
}

/**
 * Reads words.json in a model's folder; undefined where there is none, as in every large model.
 *
 * @throws ModelError when it is damaged
 */
export async function readKnownWords(folder: string): Promise<KnownWords | undefined> {
  const path = join(folder, "words.json");
  if (!await exists(path)) return undefined;
  const words = await readJson(path);
  const { concepts, kinds } = words;
  const isWords = (list: unknown) => Array.isArray(list) && list.every((word) => typeof word === "string");
  const isObject = typeof concepts === "object" && concepts !== null && !Array.isArray(concepts);
  const sound = isObject && Object.values(concepts).every(isWords) &&
    [words.colours, words.backgrounds, words.places].every(isWords) &&
    Array.isArray(kinds) && kinds.every((kind) => isWords(kind?.concepts) && isWords(kind?.others));
  if (!sound) throw new ModelError(`${path} is not a list of a model's words: it is damaged.`);
  return words as unknown as KnownWords;
}

/** Every name of every thing. */
export function thingNames(words: KnownWords): string[] {
  return Object.entries(words.concepts).flat(2);
}

/** Whether one of `names` is `thing`, by itself or with a word before it ("polar bear" for "bear"). */
export function isNamed(thing: string, names: readonly string[]): boolean {
  return names.some((name) => name === thing || name.endsWith(` ${thing}`));
}
