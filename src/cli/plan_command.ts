/**
 * `plan`: the plan as JSON, and as a picture with -o.
 *
 * @module
 */
import { writeSomewhere } from "../files/new_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import type { Plan } from "../plan/plan.ts";
import { drawPlan } from "../plan/show/layout_picture.ts";
import { chanceOf } from "./chance.ts";
import { checkPlanFlags, choosePlan } from "./choose_plan.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { firstSeed } from "../settings/seeds.ts";
import { type Output, outputOf } from "./output.ts";
import { aspectOf, showPlan } from "./show_plan.ts";

/** Prints the plan on standard output, ready for --plan; what there is to say of it goes to standard error. */
export async function planCommand(context: Context): Promise<void> {
  const { flags, console } = context;
  checkPlanFlags(context);
  const output = flags.output === undefined ? undefined : await outputOf(flags, 1, "plan_%03d.png");
  const started = performance.now();
  const plan = await choosePlan((await chanceOf(context)).at(firstSeed()));
  const seconds = (performance.now() - started) / 1000;
  showPlan(plan, context);
  const path = output && await writeLayout(output, plan, context);
  if (path) console.say(`Layout: ${path}`);
  console.result(json(flags.json ? { plan, path, seconds } : plan));
}

async function writeLayout(output: Output, plan: Plan, { flags, console }: Context): Promise<string> {
  const picture = drawPlan(plan, { aspect: aspectOf(flags) });
  return await writeSomewhere(output, await encodePicture(output.format, picture), console.complain);
}
