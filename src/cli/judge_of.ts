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
import { isConfigured, readEnvironment } from "../plan/llm/endpoint.ts";
import type { LanguageModelOptions } from "../plan/llm/language_model.ts";
import type { FlagValues } from "../settings.ts";
import type { Context } from "./command.ts";

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

/**
 * The judge of --rounds and --best-of; undefined where neither is asked for.
 *
 * @throws UsageError where they are and nobody looks
 */
export async function loopJudge(context: Context): Promise<Judge | undefined> {
  const { rounds, bestOf, judge: name } = context.flags;
  const flag = rounds !== undefined ? "--rounds" : bestOf !== undefined ? "--best-of" : undefined;
  if (!flag) {
    if (name !== undefined) throw new UsageError("--judge looks for --rounds and --best-of: give one of them.");
    return undefined;
  }
  const judge = await judgeOf(context);
  if (judge) return judge;
  throw new UsageError(
    `${flag} needs somebody who looks, and ${
      name === "none" ? "--judge none does not" : "for this model auto finds nobody"
    }. ` +
      "--judge mini knows the things that the bundled model knows.",
  );
}
