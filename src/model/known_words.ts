/**
 * What a small model was taught, where its folder says so (words.json, as the bundled model's).
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";

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
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) return undefined;
    throw new ModelError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Every name of every thing. */
export function thingNames(words: KnownWords): string[] {
  return Object.entries(words.concepts).flat(2);
}

/** Whether one of `names` is `thing`, by itself or with a word before it ("polar bear" for "bear"). */
export function isNamed(thing: string, names: readonly string[]): boolean {
  return names.some((name) => name === thing || name.endsWith(` ${thing}`));
}
