/**
 * `recaption`: a richer prompt, or a caption for pictures.
 *
 * @module
 */
import { type Caption, recaption } from "../plan/llm/recaption.ts";
import { planOptions } from "./choose_plan.ts";
import { type Context, promptOf } from "./command.ts";
import { json } from "./json.ts";

/** Prints what the language model makes of the prompt; with --image the prompt may be absent. */
export async function recaptionCommand(context: Context): Promise<void> {
  const { argument, flags, console } = context;
  const captionsPicture = flags.image !== undefined && argument === undefined && flags.prompt === undefined;
  const prompt = captionsPicture ? "" : promptOf(context);
  const { images, say, progress, signal, ...options } = await planOptions(context);
  const started = performance.now();
  const result: Caption = await recaption({ prompt, images, say, progress }, options, signal);
  console.detail(`Recaptioned by ${result.planner}.`);
  console.result(
    flags.json ? json({ prompt, ...result, seconds: (performance.now() - started) / 1000 }) : result.caption,
  );
}
