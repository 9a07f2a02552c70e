/**
 * Whether a text is English, which is all that the rules read.
 *
 * @module
 */
import { eld } from "../../deps/eld.ts";

/** Scores below are guesses: names, tags and single words look like many languages. */
const SURE = 0.6;
/** So near to the best language's score English may well be meant. */
const NEAR = 2 / 3;

/**
 * The name of the language a text is clearly written in where that is not English; undefined for English and for what
 * is too short to tell.
 */
export function foreignLanguage(text: string): string | undefined {
  const letters = text.match(/\p{L}/gu) ?? [];
  const latin = letters.filter((letter) => /\p{Script=Latin}/u.test(letter)).length;
  const scores = eld.detect(text.slice(0, 1000)).getScores() as Record<string, number>;
  const [best] = Object.entries(scores).sort(([, a], [, b]) => b - a);
  const isForeign = letters.length > 1 && latin < letters.length / 2 ||
    best !== undefined && (text.match(/\p{L}+/gu) ?? []).length > 2 && best[1] > SURE &&
      (scores.en ?? 0) < best[1] * NEAR;
  if (!isForeign) return undefined;
  return best && best[0] !== "en" ? new Intl.DisplayNames("en", { type: "language" }).of(best[0]) : "another language";
}
