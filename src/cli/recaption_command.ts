/**
 * `recaption`: a richer prompt, or a caption for pictures.
 *
 * @module
 */
import { isConfigured, readEnvironment } from "../plan/endpoint.ts";
import { type Caption, recaption, recaptionByRules } from "../plan/recaption.ts";
import { planOptions } from "./choose_plan.ts";
import { type Context, json, promptOf } from "./command.ts";

/** Prints the caption. As with plans, "auto" asks a language model where one is configured and says which it was. */
export async function recaptionCommand(context: Context): Promise<void> {
  const { flags, console, signal } = context;
  const captionsPicture = flags.image !== undefined && context.argument === undefined && flags.prompt === undefined;
  const prompt = captionsPicture ? "" : await promptOf(context);
  const { planner = "auto", images, say, ...options } = await planOptions(context);
  const useModel = planner === "openai" || captionsPicture ||
    planner === "auto" && isConfigured(options, readEnvironment());
  const started = performance.now();
  const result: Caption = useModel
    ? await recaption({ prompt, images, say }, options, signal)
    : recaptionByRules(prompt);
  console.detail(`Recaptioned by ${result.planner}.`);
  const seconds = (performance.now() - started) / 1000;
  console.result(flags.json ? json({ prompt, ...result, seconds }) : result.caption);
}
