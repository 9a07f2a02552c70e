/**
 * The default command: from a prompt to pictures on the disk.
 *
 * @module
 */
import { CancelledError, UsageError } from "../errors.ts";
import { checkNewFile, writeNewFile } from "../files/new_file.ts";
import { prepare } from "../pipeline/prepare.ts";
import { dirname, isAbsolute, relative } from "../deps/path.ts";
import { type Plan, withMasks } from "../plan/plan.ts";
import { choosePlan } from "./choose_plan.ts";
import { type Context, json } from "./command.ts";
import { drawToFile, type Report } from "./draw.ts";
import { openModel } from "./open_model.ts";
import { firstSeed, seedOf } from "../settings/seeds.ts";
import { pictureOptions } from "./options.ts";
import { wordsOf } from "../text/remarks.ts";
import { fitWithin } from "./max_vram.ts";
import { showPlan } from "./show_plan.ts";
import { unknownWords } from "./unknown_words.ts";

/** Plans, loads the model, draws, and prints where the pictures are and with which seeds. */
export async function generateCommand(context: Context): Promise<void> {
  const { flags, console, signal } = context;
  const output = { pattern: flags.output ?? "out_%03d.png", force: flags.force };
  const count = flags.batchCount ?? 1;
  const options = pictureOptions(flags);
  const seed = firstSeed(flags.seed);
  seedOf(seed, count - 1); // refuses what there is no seed for
  await checkNewFile(output, count);
  if (flags.savePlan) await checkNewFile({ pattern: flags.savePlan, force: flags.force });

  const plan = await choosePlan(context);
  showPlan(plan, context);
  if (flags.savePlan) await savePlan(plan, flags.savePlan, flags.force);
  if (flags.confirm) askToGoOn();
  signal.throwIfAborted();

  const { vae, preset, prediction, zsnr, embeddings, type } = flags;
  const opened = await openModel({ path: flags.model, vae, preset, prediction, zsnr, embeddings }, type, context);
  try {
    for (const remark of await unknownWords(wordsOf(plan.prompt), opened.model.checkpoint.path)) console.say(remark);
    let drawing = await prepare(opened.model, { ...options, plan });
    const { mode, baseRatio } = drawing.plan;
    const news = [
      ...(mode === (plan.mode ?? "attention") ? [] : [`in ${mode} mode`]),
      ...(baseRatio === plan.baseRatio ? [] : [`showing ${baseRatio} of the whole prompt`]),
    ];
    if (news.length) {
      console.say(
        `Regions are drawn ${news.join(", each ")}: what suits this model. A plan's own settings overrule it.`,
      );
    }
    if (flags.maxVram) {
      const fitted = fitWithin(flags.maxVram, opened.model, drawing, flags.offloadToCpu);
      drawing = fitted.drawing;
      console.say(fitted.said);
    }
    const reports: Report[] = [];
    for (let i = 0; i < count; i++) {
      const settings = { ...drawing.settings, seed: seedOf(seed, i) };
      const report = await drawToFile(opened, { ...drawing, settings }, output, context, i + 1);
      reports.push(report);
      if (!flags.json) console.result(`${report.path}  seed ${report.seed}`);
    }
    if (flags.json) console.result(json(count === 1 ? reports[0] : { images: reports }));
  } finally {
    opened.model.close();
  }
}

async function savePlan(plan: Plan, path: string, force?: boolean): Promise<void> {
  // Whoever reads the plan looks for its masks from where it lies.
  const there = withMasks(plan, (mask) => isAbsolute(mask) ? mask : relative(dirname(path), mask));
  await writeNewFile({ pattern: path, force }, new TextEncoder().encode(`${json(there)}\n`));
}

function askToGoOn(): void {
  if (!Deno.stdin.isTerminal()) throw new UsageError("--confirm asks a question, and standard input is no terminal.");
  if (!confirm("Draw this plan?")) throw new CancelledError("Nothing was drawn.");
}
