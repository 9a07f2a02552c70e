/**
 * The plan of a picture: what is where. A plan is plain JSON that a person can read and edit; `parsePlan` is the only
 * way in, so that a Plan in hand is always valid: every cell has its prompt and every ratio can be read.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { briefText } from "../brief.ts";
import { PlannerError } from "../errors.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";
import { parseBaseRatio } from "../region/base_ratio.ts";
import {
  DEFAULT_REFINE_RATIO,
  PLAN_MODES,
  type PlanMode,
  REGION_MODES,
  type RegionDefaults,
  type RegionMode,
} from "../region/mode.ts";
import { type Box, type Cut, type Layout, makeLayout } from "../region/layout.ts";
import { cellCount, cutOf, formatSplitRatio, parseSplitRatio, type SplitRatio } from "../region/split_ratio.ts";
import { hiddenRegions } from "../region/visible.ts";

/** A page is a long prompt; what takes a book is a mistake. */
const words = z.string().refine(
  (value) => value.length <= BYTES_OF.prompt,
  `must have at most ${BYTES_OF.prompt} letters`,
);
const text = words.refine((value) => value.trim() !== "", "must not be empty");
const share = z.number().min(0).max(1);

const boxSchema: z.ZodType<Region["box"]> = z.tuple([share, share, share, share]).describe(
  "Left, top, right and bottom of the region as shares of the picture, 0 to 1: it lies there, over the cells of the split ratio.",
);

const regionSchema: z.ZodType<Region> = z.strictObject({
  prompt: words.describe("What this region shows, complete by itself, with the picture's style words."),
  brief: text.optional().describe(
    "The same in a few words: its thing alone, such as 'a red apple'. Bind mode's first steps read it instead of the prompt.",
  ),
  negativePrompt: text.optional().describe("What this region must not show, in addition to the picture's own."),
  baseRatio: share.optional().describe("How strongly the base prompt shows in this region, 0 to 1."),
  box: boxSchema.optional(),
  depth: z.number().min(-1e6).max(1e6).optional().describe(
    "How far the box is away: of two that overlap the one with less is in front. Absent: 0; of equal ones the later is in front.",
  ),
  loras: z.record(text, z.number().min(-100).max(100)).optional().describe(
    "LoRAs that hold in this region only, by name, with their strengths.",
  ),
  mask: text.optional().describe(
    "Path of a mask image: this region is drawn where it is white, over whatever cell lies there.",
  ),
});

/** One region of a plan. */
export interface Region {
  /** What it shows, complete by itself. */
  prompt: string;
  /** Its thing in a few words, for the steps that bind; absent: the prompt. */
  brief?: string;
  /** What it must not show, in addition to the picture's own. */
  negativePrompt?: string;
  /** Weight of the base prompt here, 0 to 1; goes before the plan's. */
  baseRatio?: number;
  /**
   * Left, top, right and bottom as shares of the picture: it lies there, over the cells, and takes none of the split
   * ratio's.
   */
  box?: [left: number, top: number, right: number, bottom: number];
  /** How far the box is away: of two that overlap the one with less is in front, of equal ones the later. Absent: 0. */
  depth?: number;
  /**
   * LoRAs that hold in this region only, by name, with their strengths; `<lora:name:weight>` in the prompt does the
   * same.
   */
  loras?: Record<string, number>;
  /** Path of a mask image: the region is drawn where it is white, over whatever cell lies there. */
  mask?: string;
}

/** A cell that is split again into cells of its own. */
export interface SplitCell {
  /** Of its own regions. */
  splitRatio: string;
  /** In reading order. */
  regions: PlanCell[];
}

/** What stands in one cell of a split ratio. */
export type PlanCell = Region | SplitCell;

const cellSchema: z.ZodType<PlanCell> = z.lazy(() => z.union([regionSchema, splitCellSchema])).meta({ id: "cell" });
const splitCellSchema = z.strictObject({ splitRatio: text, regions: z.array(cellSchema).min(1) });

const phaseSchema: z.ZodType<PlanPhase> = z.strictObject({
  mode: z.enum(REGION_MODES).describe("How regions are joined in these steps."),
  share: z.number().positive().max(1e6).describe("How many of the steps, relative to the other phases."),
  baseRatio: z.union([share, text]).optional().describe(
    "Weight of the base prompt in these steps; goes before the plan's and its regions'.",
  ),
  prompts: z.enum(["brief", "full"]).optional().describe(
    "Which words of each region are read: its brief or its prompt.",
  ),
});

/** A stretch of the steps, and how regions are joined in it. */
export interface PlanPhase {
  /** How they are joined. */
  mode: RegionMode;
  /** How many of the steps, relative to the other phases. */
  share: number;
  /** Weight of the base prompt; goes before the plan's and its regions'. */
  baseRatio?: number | string;
  /** Which words of each region are read: its brief, where it has one, or its prompt. Absent: full. */
  prompts?: "brief" | "full";
}

/** The strict shape of a plan file; the JSON schema is derived from it (`reply_schema.ts`). */
export const planSchema: z.ZodType<Plan> = z.strictObject({
  $schema: z.string().optional(),
  prompt: words.describe("The whole picture in the user's words."),
  basePrompt: text.optional().describe("A prompt for the whole picture, blended into every region."),
  baseRatio: z.union([share, text]).optional().describe(
    "Weight of the base prompt, 0 to 1; or a list in the shape of the split ratio such as 0.2,0.4;0.6.",
  ),
  negativePrompt: text.optional().describe("What the picture must not show."),
  splitRatio: text.default("1").describe(
    "Column widths (1,2,1), or rows parted by semicolons, each a height and then its column widths (1,2,1;2,1,1).",
  ),
  regions: z.array(cellSchema).min(1).describe(
    "One entry for each cell of the split ratio, in reading order, and one for each box. Where all have boxes, the rest of the " +
      "picture is the base prompt's (or else the prompt's).",
  ),
  mode: z.enum(PLAN_MODES).optional().describe(
    "How regions are joined: by attention, by predictions for the whole picture (latent) or for each region's own canvas, " +
      "or by canvases first and attention after them (bind).",
  ),
  phases: z.array(phaseSchema).min(1).max(COUNT_OF.phases).optional().describe(
    "Modes one after the other, instead of a mode for all steps.",
  ),
  planner: z.string().default("file").describe("Which planner made the plan."),
  notes: z.array(z.string()).optional().describe("What the planner or the checks had to say."),
});

/** A valid plan. Make one with `parsePlan`, `planFromRegions` or a planner. */
export interface Plan {
  /** Where an editor finds the schema: docs/plan.schema.json. */
  $schema?: string;
  /** The whole picture in the user's words. */
  prompt: string;
  /** A prompt for the whole picture, blended into every region. */
  basePrompt?: string;
  /** Its weight, 0 to 1; or a list in the shape of the split ratio such as "0.2,0.4;0.6". */
  baseRatio?: number | string;
  /** What the picture must not show. */
  negativePrompt?: string;
  /** Column widths, or rows parted by semicolons, each a height and then its column widths. */
  splitRatio: string;
  /** One entry for each cell of the split ratio, in reading order, and one for each box; a cell may be split again. */
  regions: PlanCell[];
  /** How regions are joined; absent: as suits the model. */
  mode?: PlanMode;
  /** Modes one after the other, instead of `mode`. */
  phases?: PlanPhase[];
  /** Which planner made it. */
  planner: string;
  /** What the planner and the checks had to say. */
  notes?: string[];
}

/**
 * Check a plan that comes from a file, a planner or a program.
 *
 * @param json the parsed JSON, not its text
 * @throws PlannerError that names the place in the plan and what is wrong there
 */
export function parsePlan(json: unknown): Plan {
  checkSize(json);
  const result = planSchema.safeParse(json);
  if (!result.success) {
    throw new PlannerError(`The plan is not valid: ${briefText(describe(result.error.issues), 400)}.`);
  }
  checkBoxes(result.data);
  const plan = withoutRowHeight(result.data);
  const regions = regionsOf(plan);
  const blank = regions.findIndex((region) => region.prompt.trim() === "");
  if (blank >= 0 && regions.length > 1) {
    throw new PlannerError(`The plan is not valid: region ${blank + 1} of ${regions.length} has an empty prompt.`);
  }
  const [hidden] = hiddenRegions(layoutOf(plan));
  if (hidden !== undefined) {
    throw new PlannerError(
      `The plan is not valid: region ${hidden + 1} is hidden wholly behind nearer boxes; ` +
        "make its box larger, or give it a smaller depth.",
    );
  }
  baseRatiosOf(plan);
  for (const { baseRatio } of plan.phases ?? []) if (baseRatio !== undefined) baseRatiosOf({ ...plan, baseRatio });
  if (plan.phases && plan.mode) {
    throw new PlannerError("The plan is not valid: it has a mode for all steps and phases; leave one of them out.");
  }
  return plan;
}

/** A plan of one region everywhere: the picture is generated plainly. An empty prompt is allowed here. */
export function plainPlan(prompt: string, planner: string, note?: string): Plan {
  const notes = note === undefined ? {} : { notes: [note] };
  return { prompt, splitRatio: "1", regions: [{ prompt }], planner, ...notes };
}

/**
 * The plan with a mode (or phases), and with its whole prompt as base prompt where the model wants one, or where steps
 * refine what others bound, and the plan says nothing of a base itself. A plan of one region is drawn plainly whatever
 * the model likes.
 */
export function withDefaults(plan: Plan, defaults: RegionDefaults): Plan {
  const regions = regionsOf(plan);
  const likes = isPlain(plan) ? {} : defaults;
  const mode = plan.mode ?? likes.mode ?? "attention";
  const settled = plan.phases ? plan : { ...plan, mode };
  const refines = !plan.phases && mode === "bind" && !isPlain(plan);
  const baseRatio = refines ? likes.refineRatio ?? DEFAULT_REFINE_RATIO : likes.baseRatio;
  const says = plan.basePrompt !== undefined || plan.baseRatio !== undefined ||
    regions.some((region) => region.baseRatio !== undefined);
  if (baseRatio === undefined || says || plan.prompt.trim() === "") return settled;
  return { ...settled, basePrompt: plan.prompt, baseRatio };
}

/** Whether one region is all of the picture. */
export function isPlain(plan: Pick<Plan, "regions">): boolean {
  const [first, ...others] = regionsOf(plan);
  return others.length === 0 && first.box === undefined;
}

/** Refuses boxes that hold nothing, that a mask contradicts, and that are of a part of the picture. */
function checkBoxes(plan: Plan): void {
  const fail = (region: number, what: string) =>
    new PlannerError(`The plan is not valid: region ${region + 1} ${what}.`);
  const regions = regionsOf(plan);
  regions.forEach(({ box, depth, mask }, i) => {
    if (!box) {
      if (depth !== undefined) throw fail(i, "has a depth but no box");
      return;
    }
    const [left, top, right, bottom] = box;
    if (right <= left || bottom <= top) {
      throw fail(i, `has an empty box [${box.join(", ")}]; it is left, top, right, bottom`);
    }
    if (mask !== undefined) throw fail(i, "has a box and a mask; leave one of them out");
    if (!plan.regions.includes(regions[i])) {
      throw fail(i, "has a box within a split cell; boxes are of the whole picture and stand beside cells");
    }
  });
}

/** Cells may be split so many times within each other. */
const MAX_SPLITS = 8;
/** A split puts an array and an object around what it holds. */
const MAX_DEPTH = 2 * MAX_SPLITS + 3;
/** Values that even a plan of 256 regions with everything in them stays below. */
const MAX_VALUES = 8192;

/**
 * Refuses, before anything is read, what is too deep or too much for a plan. Looks at no more of it than a plan may
 * have.
 */
function checkSize(json: unknown): void {
  const fail = (what: string) => new PlannerError(`The plan is not valid: ${what}.`);
  const open: [value: unknown, depth: number][] = [[json, 0]];
  let values = 0, regions = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_DEPTH) throw fail(`cells are split more than ${MAX_SPLITS} times within each other`);
    const parts = Object.values(value);
    const cells = (value as { regions?: unknown }).regions;
    if (Array.isArray(cells)) regions += cells.length;
    if (regions > COUNT_OF.regions) {
      throw fail(`it has ${regions} regions or more; a picture can have at most ${COUNT_OF.regions}`);
    }
    values += parts.length;
    if (values > MAX_VALUES) throw fail(`it has more than ${MAX_VALUES} values`);
    for (const part of parts) open.push([part, depth + 1]);
  }
}

/** Where a single row was written with its height, write the ratio without it and note the warning. */
function withoutRowHeight(plan: Plan): Plan {
  const warnings: string[] = [];
  const repair = <T extends { splitRatio: string; regions: PlanCell[] }>(cell: T): T => {
    const ratio = splitOf(cell);
    if (!ratio) return cell;
    warnings.push(...ratio.warnings);
    return {
      ...cell,
      splitRatio: ratio.warnings.length ? formatSplitRatio(ratio.rows) : cell.splitRatio,
      regions: cell.regions.map((part) => "regions" in part ? repair(part) : part),
    };
  };
  const repaired = repair(plan);
  return warnings.length ? { ...repaired, notes: [...(plan.notes ?? []), ...warnings] } : repaired;
}

/** The plan with other paths of its masks; `change` is given the path and the region's number from 1. */
export function withMasks(plan: Plan, change: (mask: string, region: number) => string): Plan {
  let region = 0;
  const changed = (cell: PlanCell): PlanCell => {
    if ("regions" in cell) return { ...cell, regions: cell.regions.map(changed) };
    region++;
    return cell.mask === undefined ? cell : { ...cell, mask: change(cell.mask, region) };
  };
  return { ...plan, regions: plan.regions.map(changed) };
}

/** What lies around boxes that are all of a plan: the region `rest` of its layout. */
export function restOf({ basePrompt, prompt }: Pick<Plan, "basePrompt" | "prompt">): Region {
  return { prompt: basePrompt ?? prompt };
}

/** The regions of a plan in reading order, split cells flattened; index i is region i of `layoutOf(plan)`. */
export function regionsOf(plan: Pick<Plan, "regions">): Region[] {
  return plan.regions.flatMap((cell) => "regions" in cell ? regionsOf(cell) : [cell]);
}

/** What a split ratio splits: the cells without a box. */
function tilesOf({ regions }: Pick<Plan, "regions">): PlanCell[] {
  return regions.filter((cell) => "regions" in cell || cell.box === undefined);
}

/** The split ratio, read; none where all regions have boxes. */
function splitOf(plan: Pick<Plan, "splitRatio" | "regions">): SplitRatio | undefined {
  const tiles = tilesOf(plan).length;
  if (tiles > 0) return parseSplitRatio(plan.splitRatio, tiles);
  if (cellCount(parseSplitRatio(plan.splitRatio)) === 1) return undefined;
  throw new PlannerError(
    `Split ratio "${plan.splitRatio}" has nothing to split: every region has a box. Leave one of them out.`,
  );
}

/** Where the regions lie. Throws PlannerError where a split ratio cannot be read or disagrees with its prompts. */
export function layoutOf(plan: Pick<Plan, "splitRatio" | "regions">): Layout {
  const cut = (cell: Pick<Plan, "splitRatio" | "regions">): Cut | undefined => {
    const split = splitOf(cell);
    return split && cutOf(split, tilesOf(cell).map((part) => "regions" in part ? cut(part)! : "region"));
  };
  const boxes = regionsOf(plan).flatMap(({ box, depth = 0 }, region): Box[] => {
    if (!box) return [];
    const [x0, y0, x1, y1] = box;
    return [{ rect: { x0, y0, x1, y1 }, region, depth }];
  });
  return makeLayout(cut(plan), boxes);
}

/**
 * The weight of the base prompt in each region, in reading order; zeros where the plan has no base prompt. A region's
 * own ratio goes before the plan's, a split cell passes its ratio on; boxes take the last of a list; without either it
 * is `DEFAULT_BASE_RATIO`.
 */
export function baseRatiosOf(plan: Pick<Plan, "splitRatio" | "regions" | "basePrompt" | "baseRatio">): number[] {
  const rows = splitOf(plan)?.rows ?? [{ widths: [1] }];
  const given = parseBaseRatio(plan.baseRatio ?? DEFAULT_BASE_RATIO, rows.map((row) => row.widths.length));
  const tiles = tilesOf(plan);
  const own = plan.regions.flatMap((cell) => {
    const ratio = given[tiles.includes(cell) ? tiles.indexOf(cell) : given.length - 1];
    return regionsOf({ regions: [cell] }).map((region) => region.baseRatio ?? ratio);
  });
  return plan.basePrompt === undefined ? own.map(() => 0) : own;
}

/** Base ratio where a plan has a base prompt but no ratio; planners raise it for several entities of one class. */
export const DEFAULT_BASE_RATIO = 0.2;

/** Say where in the plan the first few issues are, and what was expected. */
function describe(issues: readonly z.core.$ZodIssue[], prefix: PropertyKey[] = []): string {
  return issues.slice(0, 3).map((issue): string => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "invalid_union") {
      // A cell with regions of its own was meant to be split; anything else was meant to be a region.
      const branches = issue.errors.filter((branch) => branch.length > 0);
      const nearest = branches.toSorted((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0];
      if (nearest) return describe(nearest, path);
    }
    const place = path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(
      /^\./,
      "",
    );
    return `${place || "the whole"}: ${issue.message}`;
  }).join("; ");
}

/** How far into the value the issues of a union's branch reach: the branch that got furthest is the one meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}
