/**
 * `--prompts`: a list of pictures, each with flags of its own, in one run that can be gone on with.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { basename, dirname, isAbsolute, join } from "../deps/path.ts";
import { briefText } from "../brief.ts";
import { RpgError, UsageError } from "../errors.ts";
import { layered, withoutIdle } from "../settings/layers.ts";
import { modelSettings, outputSettings, SETTINGS } from "../settings/schema.ts";
import { seedOf } from "../settings/seeds.ts";
import type { Wildcards } from "../text/wildcards.ts";
import { chanceOf, wildcardsOf } from "./chance.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import type { Report } from "./draw.ts";
import { checkAsked } from "./check_asked.ts";
import { type JudgeFor, loopJudges } from "./judge_of.ts";
import { type Entry, Manifest } from "./manifest.ts";
import { type Output, outputOf, type OwnFiles, patternOf } from "./output.ts";
import { drawEach } from "./each.ts";
import { contactSheetOutput, type Shown, writeContactSheet } from "./sheet.ts";
import { readRows, type Row } from "./rows.ts";
import { Studio } from "./studio.ts";

/** A row as it is drawn: the command line's flags, and its own before them. */
interface Job {
  line: number;
  context: Context;
  /** Whether it says nothing that what can be drawn depends on. */
  isPlain: boolean;
  error?: RpgError;
  /** A key for each picture of the row. */
  keys: string[];
  /** What rows that ask for the same write beside their pictures. */
  own: OwnFiles;
  /** Where its pictures go, tried before the first of them. */
  output?: Output;
}

/** One picture of the list. */
interface Slot {
  job: Job;
  /** Of the row's pictures. */
  index: number;
  key: string;
  /** What came of it, in this run or an earlier one. */
  image?: Report | Entry;
}

interface Failure {
  line: number;
  error: RpgError;
}

/**
 * Draws the rows that are not drawn yet. Rows that fail are named, and lose no other.
 *
 * @throws RpgError at the end where rows failed, with the first one's exit code
 */
export async function drawList(context: Context, path: string): Promise<void> {
  const { flags, console } = context;
  if (flags.savePlan !== undefined) throw new UsageError("--save-plan has one file for the plans of a whole list.");
  const { batchCount: count = outputSettings.batchCount.default } = flags;
  const [name, stem] = path === "-" ? ["standard input", "prompts"] : [path, basename(path).replace(/\.\w+$/, "")];
  const rows = await readRows(path, context.signal, flags);
  const folder = dirname(await patternOf(flags.output));
  const manifest = await Manifest.open(flags.manifest ?? join(folder, `${stem}.manifest.jsonl`));
  const output = await outputOf(flags, Math.max(2, rows.length * count), undefined, manifest.own());
  const sheet = await contactSheetOutput(flags, output);
  const jobs = jobsOf(context, rows, count, folder, manifest);
  const slots = jobs.flatMap((job) => job.keys.map((key, index): Slot => ({ job, index, key })));
  const judgeFor = loopJudges([context, ...jobs.map(({ context }) => context)]);
  await judgeFor(context);
  const failed: Failure[] = [];
  const fail = async ({ line }: Job, key: string, error: RpgError) => {
    console.complain(`error: ${name}, line ${line}: ${error.message}`);
    console.event("error", { line, message: error.message, code: error.exitCode });
    failed.push({ line, error });
    await manifest.add({ line, key, error: error.message });
  };
  for (const job of jobs) if (job.error) await fail(job, job.keys[0], job.error);
  if (!flags.force) { for (const slot of slots) slot.image = await manifest.done(slot.key); }
  const there = slots.filter(({ image }) => image).length;
  const wanted = slots.filter(({ job, image }) => !job.error && !image);
  if (wanted.length) {
    await drawSlots(wanted, context, judgeFor, manifest, async ({ job, key }, error) => {
      await fail(job, key, error);
      job.error = error;
    });
  }
  if (sheet) await writeContactSheet(sheet, slots.map(shownOf), context);
  const images = slots.flatMap(({ image }) => image ?? []);
  if (flags.json) {
    console.result(json({ images, failed: failed.map(({ line, error }) => ({ line, error: error.message })) }));
  }
  const before = there ? `, ${there} were there already` : "";
  console.say(`${images.length - there} drawn${before}; ${manifest.path} says what became of each.`);
  if (failed.length === 0) return;
  const lines = `line${failed.length > 1 ? "s" : ""} ${failed.map(({ line }) => line).join(", ")}`;
  const { exitCode } = failed[0].error;
  throw new RpgError(`${failed.length} of ${jobs.length} rows failed: ${briefText(lines, 200)}.`, exitCode);
}

/** Draws, with one model as long as rows name the same. */
async function drawSlots(
  wanted: readonly Slot[],
  context: Context,
  judgeFor: JudgeFor,
  manifest: Manifest,
  failed: (slot: Slot, error: RpgError) => Promise<void>,
): Promise<void> {
  const { flags, console } = context;
  using studio = new Studio(judgeFor);
  // A model that rows share is no mistake of one of them, nor what else is said beside the list where rows add nothing.
  const shared = wanted.filter(({ job }) => MODEL.every((name) => job.context.flags[name] === flags[name]));
  const plain = shared.find(({ job }) => job.isPlain)?.job.context.flags;
  if (shared.length) await studio.open({ ...context, flags: plain ?? flags }, plain !== undefined);
  const wildcards = await wildcardsOf(flags);
  await drawEach(wanted, context, async (slot, number) => {
    const { job, index, key } = slot;
    if (job.error) return; // its other pictures would fail alike
    const report = await drawRow(job, index, studio, wildcards, number);
    await manifest.add({ line: job.line, key, ...entryOf(report) });
    slot.image = report;
    console.event("saved", { line: job.line, ...report });
    if (!flags.json) console.result(`${report.path}  seed ${report.seed}`);
  }, failed);
}

function shownOf({ job, image }: Slot): Shown {
  if (!image) return { caption: `line ${job.line}` };
  return { path: image.path, caption: "plan" in image ? image.plan.prompt : image.prompt };
}

function entryOf({ path, seed, plan: { prompt }, timings: { total: seconds }, warnings }: Report) {
  return { path, seed: typeof seed === "bigint" ? `${seed}` : seed, prompt, seconds, warnings };
}

const MODEL = Object.keys(modelSettings) as (keyof typeof modelSettings)[];

/** What a row may say without changing what can be drawn. */
const PLAIN = ["prompt", "negativePrompt", "seed", "output"];

/**
 * Rows with the command line's flags. What can be said of them now is said before anything is drawn.
 *
 * @param folder that rows' own outputs are meant from
 */
function jobsOf(context: Context, rows: readonly Row[], count: number, folder: string, manifest: Manifest): Job[] {
  const { console, waiting = {} } = context;
  const quieter = { ...context, console: { ...console, say: console.detail } };
  const times = new Map<string, number>();
  const general = { ...waiting, ...context.flags };
  // What is said beside the list of a flag that rows have holds for those.
  const ofRows = new Set(rows.flatMap(({ flags }) => Object.keys(flags)));
  return rows.map(({ line, flags, error }) => {
    const argument = flags.prompt === undefined ? context.argument : undefined;
    const output = flags.output !== undefined && !isAbsolute(flags.output) ? join(folder, flags.output) : flags.output;
    const merged = withoutIdle(
      layered(general, flags),
      (name, others) => !(name in flags) && (name in waiting || others.some((other) => ofRows.has(other))),
    );
    const own = { ...quieter, argument, flags: { ...merged, output: output ?? context.flags.output } };
    const key = keyOf(own);
    const time = times.get(key) ?? 0; // equal rows are pictures of their own
    times.set(key, time + 1);
    const keys = Array.from({ length: count }, (_, i) => [key, time, i].join("-").replace(/-0-0$/, ""));
    try {
      if (!error) checkAsked(own);
    } catch (wrong) {
      if (!(wrong instanceof RpgError)) throw wrong;
      error = wrong;
    }
    const isPlain = Object.keys(flags).every((name) => PLAIN.includes(name));
    return { line, context: own, isPlain, error, keys, own: manifest.own(line, key) };
  });
}

/** Stands for all that decides a row's pictures. */
function keyOf({ argument, flags }: Context): string {
  const deciding = Object.entries(flags).filter(([name, value]) =>
    value !== undefined && name !== "output" && (name === "wildcards" || !SETTINGS[name]?.run)
  ).sort(([a], [b]) => a < b ? -1 : 1);
  return createHash("sha256").update(json([argument ?? null, deciding])).digest("hex").slice(0, 16);
}

async function drawRow(
  job: Job,
  index: number,
  studio: Studio,
  wildcards: Wildcards | undefined,
  number: number,
): Promise<Report> {
  const { context, keys, own: files } = job;
  const { flags } = context;
  const own = seedOf(checkAsked(context), index * (flags.bestOf ?? 1));
  const chance = await chanceOf(context, wildcards);
  job.output ??= await outputOf(flags, keys.length, undefined, files);
  return await studio.draw(chance.at(own), own, job.output, number);
}
