/**
 * Say which things of a prompt a small model was never shown.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { readKnownWords, thingNames } from "../io/known_words.ts";
import { readScene } from "../plan/rules_reader.ts";
import type { Context } from "./command.ts";

/** One remark for each thing of the prompt that is not among the words of the model in `folder`, if it lists its words. */
export async function sayUnknownWords(prompt: string, folder: string, { console }: Context): Promise<void> {
  const words = await readKnownWords(folder);
  if (!words) return;
  const known = thingNames(words);
  const things = new Set(readScene(prompt).objects.map(({ head }) => head));
  for (const thing of things) {
    if (known.some((name) => name === thing || name.endsWith(` ${thing}`))) continue;
    const hint = didYouMean(thing, known) || " `inspect --words` lists what it knows.";
    console.say(`This model has never seen "${thing}".${hint}`);
  }
}
