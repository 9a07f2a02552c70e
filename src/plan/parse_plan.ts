/**
 * The one way into a plan: its schema and its checks.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { briefText } from "../brief.ts";
import { PlannerError } from "../errors.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";
import { PLAN_MODES, REGION_MODES } from "../region/mode.ts";
import { formatSplitRatio } from "../region/split_ratio.ts";
import { hiddenRegions } from "../region/visible.ts";
import { baseRatiosOf, layoutOf, splitOf } from "./layout_of.ts";
import { type Plan, type PlanCell, type PlanPhase, type Region, regionsOf } from "./plan.ts";

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
