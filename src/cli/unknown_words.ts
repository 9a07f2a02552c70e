/**
 * Say which things of a prompt a small model was never shown.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { isNamed, readKnownWords, thingNames } from "../model/known_words.ts";

/**
 * One remark for each thing of the prompt that is not among the words of the model in `folder`; none if it does not
 * list them.
 */
export async function unknownWords(prompt: string, folder: string): Promise<string[]> {
  const words = await readKnownWords(folder);
  if (!words) return [];
  const known = thingNames(words);
  // "under the stars" is a background and asks for no star.
  const foreground = words.backgrounds.reduce((text, place) => text.replaceAll(place, ""), prompt.toLowerCase());
  const { objectsOf } = await import("../plan/rules/reader.ts");
  const things = new Set(objectsOf(foreground).map(({ noun }) => noun));
  return [...things].filter((thing) => !isNamed(thing, known)).map((thing) => {
    const kind = words.kinds.find(({ others }) => isNamed(thing, others));
    const hint = kind
      ? ` Nearest: ${kind.concepts.slice(0, 4).join(", ")}.`
      : didYouMean(thing, known) || " `inspect --words` lists what it knows.";
    return `This model has never seen "${thing}".${hint}`;
  });
}
