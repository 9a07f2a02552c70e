/**
 * The judge that the flags ask for.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import type { Judge } from "../judge/judge.ts";
import { resolve } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import type { Context } from "./command.ts";

/** "auto" takes the bundled model's detector for the bundled model; for other models nobody looks. */
export async function judgeOf({ flags }: Context): Promise<Judge | undefined> {
  const { judge = "auto", model } = flags;
  const bundled = model === undefined || resolve(model) === BUNDLED_MODEL;
  if (judge === "none" || judge === "auto" && !bundled) return undefined;
  const { miniJudge } = await import("../judge/mini_judge.ts");
  return await miniJudge();
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
