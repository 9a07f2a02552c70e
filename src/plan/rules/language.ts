/**
 * Whether a text is English, which is all that the rules read.
 *
 * @module
 */
import { PlannerError } from "../../errors.ts";
import { isEnglish } from "./english.ts";

/** Scores below are guesses: names, tags and single words look like many languages. */
const SURE = 0.6;
/** So near to the best language's score English may well be meant. */
const NEAR = 2 / 3;

/** @throws PlannerError where a prompt is clearly written in another language */
export async function expectEnglish(prompt: string): Promise<void> {
  const words = prompt.toLowerCase().match(/\p{L}+/gu) ?? [];
  // Sentences of other languages hold words that English lacks, be it an article: what tells languages apart is loaded
  // for these.
  const language = words.every(isEnglish) ? undefined : await foreignLanguage(prompt);
  if (!language) return;
  throw new PlannerError(
    `The rules planner reads English, and this prompt looks like ${language}: "${
      prompt.slice(0, 60)
    }". Plan it with a ` +
      "language model (--llm-url or OPENAI_API_KEY), write the regions yourself (a BREAK b), or draw it whole with --no-plan.",
  );
}

/** The name of another language than English; undefined for what is too short to tell, too. */
async function foreignLanguage(text: string): Promise<string | undefined> {
  const { eld } = await import("../../deps/eld.ts");
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
