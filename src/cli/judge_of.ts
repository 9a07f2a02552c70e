/**
 * The judge that the flags ask for.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import type { Judge } from "../judge/judge.ts";
import { resolve } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { modelByName } from "../model/short_name.ts";
import { once } from "../once.ts";
import { isConfigured, readEnvironment } from "../plan/llm/endpoint.ts";
import type { LanguageModelOptions } from "../plan/llm/language_model.ts";
import type { FlagValues } from "../settings.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";

/**
 * "auto" takes the bundled model's detector for the bundled model, for others a vision model if one is configured, else
 * nobody.
 */
export async function judgeOf({ flags, console }: Context): Promise<Judge | undefined> {
  const { judge = "auto", model } = flags;
  const options = modelOptions(flags);
  const bundled = model === undefined || resolve(await modelByName(model, undefined)) === BUNDLED_MODEL;
  if (judge === "mini" || judge === "auto" && bundled) {
    const { miniJudge } = await import("../judge/mini_judge.ts");
    return await miniJudge();
  }
  if (judge === "none" || judge === "auto" && !isConfigured(options, readEnvironment())) return undefined;
  const { visionJudge } = await import("../judge/vision_judge.ts");
  return visionJudge(options, { say: console.say, progress: console.progress.stage });
}

/** What the flags say of the language model. */
export function modelOptions({ llmUrl, llmModel, llmTimeout, llmMaxTokens }: FlagValues): LanguageModelOptions {
  return { llmUrl, llmModel, llmTimeout, llmMaxTokens };
}

/** The judge that looks at a picture; undefined where neither --rounds nor --best-of asks for one. */
export type JudgeFor = (context: Context) => Promise<Judge | undefined>;

/**
 * The judges of a run's pictures, of which each may have flags of its own; each judge is opened once.
 *
 * @throws UsageError where --judge has nothing to look at; the function it gives, where nobody looks
 */
export function loopJudges(contexts: readonly Context[]): JudgeFor {
  if (contexts.some(({ flags }) => flags.judge !== undefined) && !contexts.some(({ flags }) => lookedFor(flags))) {
    throw new UsageError("--judge looks for --rounds and --best-of: give one of them.");
  }
  const judges = new Map<string, Promise<Judge | undefined>>();
  return async (context) => {
    const { flags } = context;
    const flag = lookedFor(flags);
    if (!flag) return undefined;
    const key = json([flags.judge, flags.model ?? null, modelOptions(flags)]);
    const judge = await once(judges, key, () => judgeOf(context));
    if (judge) return judge;
    throw new UsageError(
      `${flag} needs somebody who looks, and ${
        flags.judge === "none" ? "--judge none does not" : "for this model auto finds nobody"
      }. --judge mini knows the things that the bundled model knows.`,
    );
  };
}

function lookedFor({ rounds, bestOf }: FlagValues): string | undefined {
  return rounds !== undefined ? "--rounds" : bestOf !== undefined ? "--best-of" : undefined;
}
