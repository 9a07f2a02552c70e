/**
 * The judge that the flags ask for.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import type { Judge } from "../judge/judge.ts";
import { resolve } from "../deps/path.ts";
import type { Context } from "./command.ts";

/** "auto" takes the bundled model's detector for the bundled model; for other models nobody looks. */
export async function judgeOf({ flags }: Context): Promise<Judge | undefined> {
  const { judge = "auto", model } = flags;
  const bundled = model === undefined || resolve(model) === BUNDLED_MODEL;
  if (judge === "none" || judge === "auto" && !bundled) return undefined;
  const { miniJudge } = await import("../judge/mini_judge.ts");
  return await miniJudge();
}
