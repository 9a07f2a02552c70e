import { brief, briefText } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { parseRegionTexts, type RegionTexts } from "../region/keywords.ts";
import type { PlanMode } from "../region/mode.ts";
import { formatSplitRatio, parseSplitRatio } from "../region/split_ratio.ts";
import { DEFAULT_BASE_RATIO } from "./layout_of.ts";
import { parsePlan } from "./parse_plan.ts";
import type { Plan, PlanCell } from "./plan.ts";
import { headOf, repeatsClass } from "./rules/noun.ts";

/** What a person gives instead of a planner; the names are those of the command line's flags. */
export interface RegionOptions {
  /** Prompts parted by BREAK (or AND, ADDCOL, ADDROW; see region/keywords.ts), or a list of them. */
  regions: string | string[];
  /** Left out: equal columns, or equal cells where ADDCOL and ADDROW give the structure. */
  splitRatio?: string;
  /** Of the whole picture. */
  basePrompt?: string;
  /** Its weight: one number, or a list in the shape of the split ratio. */
  baseRatio?: number | string;
  /** What the picture must not show; with BREAK, each region its own. */
  negativePrompt?: string;
  /** How regions are joined. */
  mode?: PlanMode;
  /** The whole picture in words; left out: the base prompt, or all region prompts in a row. */
  prompt?: string;
  /** ADDCOL (`,`) parts the picture and ADDROW (`;`) its columns: a column's first number is its width. */
  columnsFirst?: boolean;
  /** Read `,` as `;` and `;` as `,` in the split ratio. */
  flipRatio?: boolean;
  /** Give the regions their prompts from the last to the first. */
  flipPrompts?: boolean;
}

/**
 * A plan from the prompts and the ratio that a person gave.
 *
 * @throws PlannerError where they cannot be read or disagree, UsageError where something is given twice
 */
export function planFromRegions(options: RegionOptions): Plan {
  const { columnsFirst = false } = options;
  const texts: RegionTexts = typeof options.regions === "string"
    ? parseRegionTexts(options.regions, columnsFirst)
    : { prompts: options.regions.map((prompt) => prompt.trim()) };
  if (texts.base !== undefined && options.basePrompt !== undefined) {
    throw new UsageError(
      `The base prompt is given twice: ${brief(options.basePrompt)} and, before ADDBASE, ${
        brief(texts.base)
      }. Leave one out.`,
    );
  }
  const basePrompt = options.basePrompt ?? texts.base;
  if (basePrompt === undefined && options.baseRatio !== undefined) {
    throw new UsageError(`A base ratio (${options.baseRatio}) needs a base prompt; give one or leave the ratio out.`);
  }
  const { prompts } = texts;
  const alike = repeatsClass(prompts.map(headOf));
  const regions = (options.flipPrompts ? prompts.toReversed() : prompts).map((prompt): PlanCell => ({ prompt }));
  return parsePlan({
    prompt: options.prompt ?? basePrompt ?? prompts.join(", "),
    ...(basePrompt === undefined
      ? {}
      : { basePrompt, baseRatio: options.baseRatio ?? (alike ? 0.5 : DEFAULT_BASE_RATIO) }),
    ...(options.negativePrompt ? { negativePrompt: options.negativePrompt } : {}),
    ...cellsOf(regions, texts, options),
    mode: options.mode ?? texts.mode,
    planner: "regions",
  });
}

/**
 * The split ratio with the regions in its cells. Columns first need cells within cells: a plan's ratio has rows first.
 */
function cellsOf(
  regions: PlanCell[],
  { cellsPerRow, only }: RegionTexts,
  { splitRatio, columnsFirst, flipRatio }: RegionOptions,
): Pick<Plan, "splitRatio" | "regions"> {
  const rows = cellsPerRow?.map((cells) => ({ height: 1, widths: Array<number>(cells).fill(1) })) ??
    [{ height: 1, widths: regions.map(() => 1) }];
  let ratio = splitRatio ?? formatSplitRatio(rows);
  if (splitRatio !== undefined && Boolean(flipRatio) !== Boolean(columnsFirst)) ratio = flipped(ratio);
  // Where only one of the two keywords is used, a list of numbers is one for each of its regions.
  const outer = columnsFirst ? "ADDCOL" : "ADDROW";
  if (only === outer && !ratio.includes(";")) ratio = ratio.replaceAll(",", ";");
  if (cellsPerRow) checkStructure(ratio, cellsPerRow, regions.length);
  if (!columnsFirst) return { splitRatio: ratio, regions };
  const columns = parseSplitRatio(ratio, regions.length).rows;
  let next = 0;
  return {
    splitRatio: formatSplitRatio([{ height: 1, widths: columns.map(({ height }) => height) }]),
    regions: columns.map(({ widths: heights }): PlanCell => {
      const inside = heights.map(() => regions[next++]);
      if (inside.length === 1) return inside[0];
      return {
        splitRatio: formatSplitRatio(heights.map((height) => ({ height, widths: [1] }))),
        regions: inside,
      };
    }),
  };
}

function flipped(ratio: string): string {
  return ratio.replace(/[,;]/g, (sign) => sign === "," ? ";" : ",");
}

/** ADDCOL and ADDROW beside a split ratio must mean the same rows. */
function checkStructure(splitRatio: string, cellsPerRow: number[], prompts: number): void {
  const given = parseSplitRatio(splitRatio, prompts).rows.map((row) => row.widths.length);
  if (given.join() !== cellsPerRow.join()) {
    throw new UsageError(
      `Split ratio ${brief(splitRatio)} has rows of ${
        briefText(given.join(", "))
      } cells, but ADDCOL and ADDROW make rows of ` +
        `${cellsPerRow.join(", ")}. Make them agree or leave the split ratio out.`,
    );
  }
}
