/**
 * The shapes a language model is asked for: rows of cells, so that prompts and cells cannot disagree, whatever it
 * writes.
 *
 * @module
 */
import { z } from "../../deps/zod.ts";
import { formatSplitRatio } from "../../region/split_ratio.ts";
import { planSchema } from "../parse_plan.ts";
import type { PlanCell } from "../plan.ts";

/** Constrained decoding runs until a limit where there is one, so every list and text has its limit. */
const share = z.number().positive().max(100);
const prompt = z.string().min(1).max(240);

/** The brief comes first: its thing is settled before the details. */
const cellSchema = z.strictObject({ width: share, brief: z.string().min(1).max(80), prompt });
const rowSchema = z.strictObject({ height: share, cells: z.array(cellSchema).min(1).max(4) });

/** What a model that can be held to a schema writes. `basePrompt` and its ratio are null where they are not wanted. */
const replySchema = z.strictObject({
  rows: z.array(rowSchema).min(1).max(4),
  basePrompt: prompt.nullable(),
  baseRatio: z.number().min(0).max(1).nullable(),
});

/** The JSON schema of a plan file, as `$schema` names it. */
export function planJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(planSchema, { io: "input" });
}

/** The JSON schema sent to language models. */
export function replyJsonSchema(): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(replySchema);
  return schema;
}

/** A row as models write it, constrained or not; a cell may have rows of its own instead of a prompt. */
export interface ReplyRow {
  height?: unknown;
  cells: Record<string, unknown>[];
}

/** Rows of cells as a split ratio with its regions; `readCell` reads what a cell holds besides its width. */
export function fromRows(
  rows: ReplyRow[],
  readCell: (cell: Record<string, unknown>) => PlanCell,
): { splitRatio: string; regions: PlanCell[] } {
  return {
    splitRatio: formatSplitRatio(rows.map((row) => ({
      height: size(row.height),
      widths: row.cells.map((cell) => size(cell.width)),
    }))),
    regions: rows.flatMap((row) => row.cells.map(readCell)),
  };
}

/** A size left out is 1; one that is no number is left for the split ratio's reader to refuse. */
function size(value: unknown): number {
  return value === undefined || value === null ? 1 : Number(value);
}
