/**
 * The default command: from a prompt to pictures on the disk.
 *
 * @module
 */
import { CancelledError, UsageError } from "../errors.ts";
import { dirname, relative, resolve } from "../deps/path.ts";
import { writeNewFile } from "../files/new_file.ts";
import type { ImageResult } from "../generate.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import { prepare } from "../pipeline/prepare.ts";
import { type Plan, withMasks } from "../plan/plan.ts";
import { describeModel, makeRecipe } from "../recipe.ts";
import { outputSettings } from "../settings/schema.ts";
import { chanceOf } from "./chance.ts";
import { checkPlanFlags, choosePlan } from "./choose_plan.ts";
import { type Context, json } from "./command.ts";
import { drawToFile, type Report } from "./draw.ts";
import { loopJudge } from "./judge_of.ts";
import { loadWeights, type OpenedModel, openModel } from "./open_model.ts";
import { outputOf } from "./output.ts";
import { firstSeed, seedOf } from "../settings/seeds.ts";
import { pictureOptions } from "./options.ts";
import { wordsOf } from "../text/remarks.ts";
import { fitWithin } from "./max_vram.ts";
import { showPlan } from "./show_plan.ts";
import { unknownWords } from "./unknown_words.ts";

/** Plans, loads the model, draws, and prints where the pictures are and with which seeds. */
export async function generateCommand(context: Context): Promise<void> {
  const { flags, console } = context;
  const count = flags.batchCount ?? outputSettings.batchCount.default;
  const options = pictureOptions(flags);
  const seed = firstSeed(flags.seed);
  const { bestOf = 1 } = flags;
  seedOf(seed, count * bestOf - 1); // refuses what there is no seed for
  checkPlanFlags(context);
  if (flags.preview === "tae" && flags.taesd === undefined) {
    throw new UsageError("--preview tae needs a TAESD: name its file with --taesd.");
  }
  const output = await outputOf(flags, count);
  const judge = await loopJudge(context);

  const { model, vae, preset, prediction, zsnr, embeddings, type } = flags;
  let opened = await openModel({ model, vae, preset, prediction, zsnr, embeddings, type }, context);
  try {
    // What this model cannot draw is refused before a planner is asked and before weights are loaded.
    await prepare(opened.model, { ...options, prompt: "" });
    const chance = await chanceOf(context);
    if (chance.dynamic && count > 1 && flags.savePlan) {
      throw new UsageError(
        `--save-plan has one file for ${count} plans, since each picture's words differ. Leave -b out.`,
      );
    }
    let drawing = await planOne(opened, chance.at(seed));
    opened.model.adapt(drawing.loras.whole);
    opened = await loadWeights(opened, context);
    const recipe = flags.noMetadata ? undefined : await describeModel(opened.model, flags.fullHash, context.signal);
    const recipeOf = recipe && ((result: ImageResult) => makeRecipe(recipe, result.plan, result.settings));
    const reports: Report[] = [];
    for (let i = 0; i < count; i++) {
      if (i > 0 && chance.dynamic) drawing = await planOne(opened, chance.at(seedOf(seed, i * bestOf)));
      const settings = { ...drawing.settings, seed: seedOf(seed, i * bestOf) };
      const report = await drawToFile(opened, { ...drawing, settings }, output, recipeOf, context, i + 1, judge);
      reports.push(report);
      if (!flags.json) console.result(`${report.path}  seed ${report.seed}`);
    }
    if (flags.json) console.result(json(count === 1 ? reports[0] : { images: reports }));
  } finally {
    opened.model.close();
  }
}

/** One picture's plan, shown, saved and settled. */
async function planOne({ model }: OpenedModel, context: Context): Promise<Drawing> {
  const { flags, console, signal } = context;
  const plan = await choosePlan(context);
  showPlan(plan, context);
  if (flags.savePlan) await savePlan(plan, flags.savePlan, flags.force);
  if (flags.confirm) askToGoOn();
  signal.throwIfAborted();

  for (const remark of await unknownWords(wordsOf(plan.prompt), model.checkpoint.path)) console.say(remark);
  const drawing = await prepare(model, { ...pictureOptions(flags), plan });
  for (const warning of drawing.warnings) console.say(warning);
  const { mode, baseRatio } = drawing.plan;
  const news = [
    ...(plan.phases || mode === (plan.mode ?? "attention") ? [] : [`in ${mode} mode`]),
    ...(baseRatio === plan.baseRatio ? [] : [`with base ratio ${baseRatio}`]),
  ];
  if (news.length) {
    console.say(`Regions are drawn ${news.join(", ")} (this model's default; a plan may say otherwise).`);
  }
  if (!flags.maxVram) return drawing;
  const fitted = fitWithin(flags.maxVram, model, drawing, flags.offloadToCpu);
  console.say(fitted.said);
  return fitted.drawing;
}

/** A saved plan names its masks as they lie from where it is. */
async function savePlan(plan: Plan, path: string, force?: boolean): Promise<void> {
  const saved = withMasks(plan, (mask) => relative(dirname(resolve(path)), resolve(mask)));
  await writeNewFile({ pattern: path, force }, new TextEncoder().encode(`${json(saved)}\n`));
}

function askToGoOn(): void {
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError("--confirm asks a question, and standard input is not a terminal.");
  }
  if (!confirm("Draw this plan?")) throw new CancelledError("Nothing was drawn.");
}
