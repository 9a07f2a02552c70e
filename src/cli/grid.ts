/**
 * `--grid`: all combinations of two flags' values, on one sheet.
 *
 * @module
 */
import { dirname, extname, join } from "../deps/path.ts";
import { RpgError, UsageError } from "../errors.ts";
import { numberedName } from "../files/new_file.ts";
import type { Parameters } from "../formats/parameters.ts";
import { flagOf } from "../settings/check.ts";
import { layered, withoutIdle } from "../settings/layers.ts";
import { modelSettings } from "../settings/schema.ts";
import type { FlagValues } from "../settings.ts";
import { type Axis, type AxisValue, readAxis, withField } from "./axes.ts";
import { chanceOf, wildcardsOf } from "./chance.ts";
import { checkAsked } from "./check_asked.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import type { Report } from "./draw.ts";
import { drawEach } from "./each.ts";
import { loopJudges } from "./judge_of.ts";
import { outputOf, patternOf } from "./output.ts";
import { sheetOutput, writeSheet } from "./sheet.ts";
import { Studio } from "./studio.ts";

/** One picture of the grid. */
interface Square {
  /** Its place on the sheet, row by row. */
  index: number;
  values: Record<string, string>;
  context: Context;
}

/**
 * Draws each combination as a picture of its own, then the sheet.
 *
 * @throws UsageError for what a flag would refuse, before anything is drawn; RpgError at the end where pictures failed
 */
export async function drawGrid(context: Context, texts: readonly string[]): Promise<void> {
  const { flags, console } = context;
  const [x, y] = axesOf(flags, texts);
  const squares = squaresOf(context, x, y);
  for (const { context } of squares) checkAsked(context);
  const { output, sheet } = await outputs(flags, squares.length);
  const judgeFor = loopJudges(squares.map(({ context }) => context));
  for (const { context } of squares) await judgeFor(context);
  using studio = new Studio(judgeFor);
  const wildcards = await wildcardsOf(flags);
  const reports: (Report | undefined)[] = squares.map(() => undefined);
  const failed: { values: Square["values"]; error: RpgError }[] = [];
  await drawEach(inOrder(squares, x), context, async ({ context: own, index, values }, number) => {
    const seed = checkAsked(own);
    const report = await studio.draw((await chanceOf(own, wildcards)).at(seed), seed, output, number);
    reports[index] = report;
    console.event("saved", { values, ...report });
    if (!flags.json) console.result(`${report.path}  seed ${report.seed}  ${described(withoutSeed(values))}`.trim());
  }, ({ values }, error) => {
    console.complain(`error: ${described(values)}: ${error.message}`);
    console.event("error", { values, message: error.message, code: error.exitCode });
    failed.push({ values, error });
  });
  const title = [x, y].some((axis) => axis?.name === "prompt") ? "" : flags.prompt ?? context.argument ?? flags.regions;
  const path = await writeSheet(
    sheet,
    reports.map((report) => ({ path: report?.path })),
    {
      title,
      columns: x.values.length,
      across: x.values.map(({ label }) => label),
      down: y?.values.map(({ label }) => label),
    },
    scriptFields(x, y),
    context,
  );
  if (path) console.event("sheet", { path });
  const images = squares.flatMap(({ values }, i) => reports[i] ? [{ values, ...reports[i] }] : []);
  if (flags.json) {
    console.result(
      json({ sheet: path, images, failed: failed.map(({ values, error }) => ({ values, error: error.message })) }),
    );
  } else if (path) console.result(path);
  if (failed.length === 0) return;
  throw new RpgError(`${failed.length} of ${squares.length} pictures failed.`, failed[0].error.exitCode);
}

function axesOf(flags: FlagValues, texts: readonly string[]): [x: Axis, y: Axis | undefined] {
  const clash = (["prompts", "savePlan", "manifest"] as const).find((name) => flags[name] !== undefined);
  if (clash) throw new UsageError(`--grid draws one sheet of its own: leave ${flagOf(clash)} out.`);
  if (flags.batchCount !== undefined) {
    throw new UsageError('With --grid, seeds are an axis: leave -b out and write "seed=1..4".');
  }
  const axes = texts.map(readAxis);
  if (axes.length > 2) throw new UsageError(`A sheet has two axes, but ${axes.length} were given.`);
  if (axes[0].name === axes[1]?.name) {
    throw new UsageError(`Both axes are ${axes[0].spelling}: compare it with another flag.`);
  }
  return [axes[0], axes[1]];
}

function squaresOf(context: Context, x: Axis, y: Axis | undefined): Square[] {
  const { waiting = {} } = context;
  const quieter = { ...context, console: { ...context.console, say: context.console.detail } };
  const rows: (AxisValue | undefined)[] = y?.values ?? [undefined];
  return rows.flatMap((down) => x.values.map((across) => ({ across, down }))).map(({ across, down }, index) => {
    const own = { ...across.flags, ...down?.flags };
    const argument = own.prompt === undefined ? context.argument : undefined;
    const values = { [x.spelling]: across.text, ...(y && down ? { [y.spelling]: down.text } : {}) };
    const isGone = (name: string) => name in own && own[name as keyof typeof own] === undefined;
    const merged = withoutIdle(
      layered({ ...waiting, ...context.flags }, own),
      (name, others) => name in waiting && !(name in own) || others.some(isGone),
    );
    const flags = withField(merged, across, x);
    return { index, values, context: { ...quieter, argument, flags: y && down ? withField(flags, down, y) : flags } };
  });
}

/** Column by column where each column is another model, so that each is opened once. */
function inOrder(squares: readonly Square[], { name, values: { length } }: Axis): Square[] {
  if (!Object.hasOwn(modelSettings, name)) return [...squares];
  return squares.toSorted((a, b) => a.index % length - b.index % length || a.index - b.index);
}

/**
 * A fixed name is the sheet's, and pictures are numbered beside it; else the sheet has a name of its own there, or the
 * one that --contact-sheet says.
 */
async function outputs(flags: FlagValues, count: number) {
  const single = await patternOf(flags.output);
  const numbered = numberedName(single);
  const beside = join(dirname(single), `grid_%03d${extname(single) || ".png"}`);
  const pattern = flags.contactSheet ?? (numbered === single ? beside : single);
  const output = await outputOf({ ...flags, output: numbered }, Math.max(2, count));
  return { output, sheet: await sheetOutput(pattern, output) };
}

/** Values without the seed, which is said anyway. */
function withoutSeed({ seed: _, ...others }: Square["values"]): Square["values"] {
  return others;
}

function described(values: Square["values"]): string {
  return Object.entries(values).map(([name, value]) => `${name} ${value || "-"}`).join(", ");
}

/** As AUTOMATIC1111 writes it. */
function scriptFields(x: Axis, y: Axis | undefined): Parameters["fields"] {
  const listed = ({ values }: Axis) => values.map(({ text }) => text).join(", ");
  return {
    Script: "X/Y/Z plot",
    "X Type": x.spelling,
    "X Values": listed(x),
    ...(y ? { "Y Type": y.spelling, "Y Values": listed(y) } : {}),
  };
}
