import { UsageError } from "../errors.ts";
import { parseRegionTexts } from "../region/keywords.ts";
import type { RegionMode } from "../region/mode.ts";
import { formatSplitRatio, parseSplitRatio } from "../region/split_ratio.ts";
import { DEFAULT_BASE_RATIO, parsePlan, type Plan } from "./plan.ts";
import { headOf } from "./rules/phrase.ts";
import { repeatsClass } from "./rules/rules.ts";

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
  /** What the picture must not show. */
  negativePrompt?: string;
  /** How regions are joined. */
  mode?: RegionMode;
  /** The whole picture in words; left out: the base prompt, or all region prompts in a row. */
  prompt?: string;
}

/**
 * A plan from the prompts and the ratio that a person gave.
 *
 * @throws PlannerError where they cannot be read or disagree, UsageError where something is given twice
 */
export function planFromRegions(options: RegionOptions): Plan {
  const texts = typeof options.regions === "string"
    ? parseRegionTexts(options.regions)
    : { prompts: options.regions.map((prompt) => prompt.trim()) };
  if (texts.base !== undefined && options.basePrompt !== undefined) {
    throw new UsageError(
      `The base prompt is given twice: "${options.basePrompt}" and, before ADDBASE, "${texts.base}". Leave one out.`,
    );
  }
  const basePrompt = options.basePrompt ?? texts.base;
  if (basePrompt === undefined && options.baseRatio !== undefined) {
    throw new UsageError(`A base ratio (${options.baseRatio}) needs a base prompt; give one or leave the ratio out.`);
  }
  const rows = texts.cellsPerRow?.map((cells) => ({ height: 1, widths: Array<number>(cells).fill(1) })) ??
    [{ height: 1, widths: texts.prompts.map(() => 1) }];
  const splitRatio = options.splitRatio ?? formatSplitRatio(rows);
  if (texts.cellsPerRow) checkStructure(splitRatio, texts.cellsPerRow, texts.prompts.length);
  const alike = repeatsClass(texts.prompts.map(headOf));
  return parsePlan({
    prompt: options.prompt ?? basePrompt ?? texts.prompts.join(", "),
    ...(basePrompt === undefined
      ? {}
      : { basePrompt, baseRatio: options.baseRatio ?? (alike ? 0.5 : DEFAULT_BASE_RATIO) }),
    ...(options.negativePrompt ? { negativePrompt: options.negativePrompt } : {}),
    splitRatio,
    regions: texts.prompts.map((prompt) => ({ prompt })),
    mode: options.mode ?? texts.mode,
    planner: "regions",
  });
}

/** ADDCOL and ADDROW beside a split ratio must mean the same rows. */
function checkStructure(splitRatio: string, cellsPerRow: number[], prompts: number): void {
  const given = parseSplitRatio(splitRatio, prompts).rows.map((row) => row.widths.length);
  if (given.join() !== cellsPerRow.join()) {
    throw new UsageError(
      `Split ratio "${splitRatio}" has rows of ${given.join(", ")} cells, but ADDCOL and ADDROW make rows of ` +
        `${cellsPerRow.join(", ")}. Make them agree or leave the split ratio out.`,
    );
  }
}
