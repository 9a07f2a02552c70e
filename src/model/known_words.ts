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
  /** For each of the people among the concepts, what they wear: what has the colour. */
  clothes?: Record<string, string>;
  /** For each style, how to ask for it; "{}" stands for the rest of the prompt. */
  styles?: Record<string, string[]>;
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
  const { concepts, kinds, clothes = {}, styles = {} } = words;
  const isWord = (value: unknown) => typeof value === "string";
  const isWords = (list: unknown) => Array.isArray(list) && list.every(isWord);
  const isTable = (value: unknown, holds: (entry: unknown) => boolean) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
  const sound = isTable(concepts, isWords) && isTable(clothes, isWord) && isTable(styles, isWords) &&
    [words.colours, words.backgrounds, words.places].every(isWords) &&
    Array.isArray(kinds) && kinds.every((kind) => isWords(kind?.concepts) && isWords(kind?.others));
  if (!sound) throw new ModelError(`${path} is not a list of a model's words: it is damaged.`);
  return words as unknown as KnownWords;
}

/** Every name of every thing. */
export function thingNames(words: KnownWords): string[] {
  return Object.entries(words.concepts).flat(2);
}

/**
 * Whether one of `names` is `thing`, by itself or with a word before it ("polar bear" for "bear"). A name that is a
 * plural ("grapes") is that of one, too.
 */
export function isNamed(thing: string, names: readonly string[]): boolean {
  return names.some((name) => [thing, `${thing}s`].some((word) => name === word || name.endsWith(` ${word}`)));
}
