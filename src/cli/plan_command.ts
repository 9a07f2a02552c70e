/**
 * `plan`: the plan as JSON, and as a picture with -o.
 *
 * @module
 */
import { checkNewFile, writeNewFile } from "../files/new_file.ts";
import { encodePng } from "../formats/png.ts";
import { drawPlan } from "../plan/show/layout_picture.ts";
import { choosePlan } from "./choose_plan.ts";
import { type Context, json } from "./command.ts";
import { aspectOf, showPlan } from "./show_plan.ts";

/** Prints the plan on standard output, ready for --plan; what there is to say of it goes to standard error. */
export async function planCommand(context: Context): Promise<void> {
  const { flags, console } = context;
  const output = flags.output === undefined ? undefined : { pattern: flags.output, force: flags.force };
  if (output) await checkNewFile(output);
  const started = performance.now();
  const plan = await choosePlan(context);
  const seconds = (performance.now() - started) / 1000;
  showPlan(plan, context);
  const path = output && await writeNewFile(output, encodePng(drawPlan(plan, { aspect: aspectOf(flags) })));
  if (path) console.say(`Layout: ${path}`);
  console.result(json(flags.json ? { plan, path, seconds } : plan));
}
