/**
 * The default command: from a prompt to pictures on the disk.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { outputSettings } from "../settings/schema.ts";
import { seedOf } from "../settings/seeds.ts";
import { chanceOf } from "./chance.ts";
import { checkAsked } from "./check_asked.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import type { Report } from "./draw.ts";
import { loopJudges } from "./judge_of.ts";
import { outputOf } from "./output.ts";
import { Studio } from "./studio.ts";
import { followed } from "./trace_file.ts";

/** Plans, loads the model, draws, and prints where the pictures are and with which seeds. */
export async function generateCommand(context: Context): Promise<void> {
  const { prompts, grid, trace } = context.flags;
  if (trace !== undefined && (prompts !== undefined || grid !== undefined)) {
    throw new UsageError("--trace shows one prompt's pictures: leave out --prompts and --grid.");
  }
  if (grid !== undefined) return await (await import("./grid.ts")).drawGrid(context, grid);
  if (prompts !== undefined) return await (await import("./list.ts")).drawList(context, prompts);
  await drawBatch(context);
}

/** One prompt, each picture with the next seed. */
async function drawBatch(context: Context): Promise<void> {
  const { flags, console } = context;
  if (flags.manifest !== undefined) {
    throw new UsageError("--manifest says what became of a list: give that with --prompts.");
  }
  const { batchCount: count = outputSettings.batchCount.default, bestOf = 1 } = flags;
  const seed = checkAsked(context);
  const output = await outputOf(flags, count);
  const sheets = flags.contactSheet === undefined ? undefined : await import("./sheet.ts");
  const sheet = await sheets?.contactSheetOutput(flags, output);
  const judgeFor = loopJudges([context]);
  await judgeFor(context);
  using studio = new Studio(judgeFor);
  const { device } = await studio.open(context);
  await using _trace = await followed(device, context);
  const chance = await chanceOf(context);
  if (chance.dynamic && count > 1 && flags.savePlan) {
    throw new UsageError(
      `--save-plan has one file for ${count} plans, since each picture's words differ. Leave -b out.`,
    );
  }
  const reports: Report[] = [];
  for (let i = 0; i < count; i++) {
    const own = seedOf(seed, i * bestOf);
    const report = await studio.draw(chance.at(own), own, output, i + 1);
    reports.push(report);
    console.event("saved", report);
    if (!flags.json) console.result(`${report.path}  seed ${report.seed}`);
  }
  if (sheets && sheet) {
    const shown = reports.map(({ path, seed }) => ({ path, caption: `seed ${seed}` }));
    await sheets.writeContactSheet(sheet, shown, context);
  }
  if (flags.json) console.result(json(count === 1 ? reports[0] : { images: reports }));
}
