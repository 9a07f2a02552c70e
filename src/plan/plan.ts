/**
 * The plan of a picture: what is where. A plan is plain JSON that a person can read and edit; `parsePlan` is the only
 * way in, so that a Plan in hand is always valid: every cell has its prompt and every ratio can be read.
 *
 * @module
 */
import { DEFAULT_REFINE_RATIO, type PlanMode, type RegionDefaults, type RegionMode } from "../region/mode.ts";

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

/** A plan of one region everywhere: the picture is generated plainly. An empty prompt is allowed here. */
export function plainPlan(prompt: string, planner: string, note?: string): Plan {
  const notes = note === undefined ? {} : { notes: [note] };
  return { prompt, splitRatio: "1", regions: [{ prompt }], planner, ...notes };
}

/** Whether one region is all of the picture. */
export function isPlain(plan: Pick<Plan, "regions">): boolean {
  const [first, ...others] = regionsOf(plan);
  return others.length === 0 && first.box === undefined;
}

/**
 * What the whole picture must not show: the negative prompt that was asked for, and in each of its parts, which BREAK
 * separates, what the plan avoids. A plan of an edit repeats what was asked for, so that it is all.
 *
 * @param asked beside the plan
 */
export function negativeOf({ negativePrompt: own }: Pick<Plan, "negativePrompt">, asked?: string): string | undefined {
  if (!asked || !own) return own || (asked ?? own);
  if (`${own}, `.startsWith(`${asked}, `)) return own;
  const parts = asked.replace(/\s*\b(BREAK|ADDCOL|ADDROW)\b\s*/g, `, ${own} $1 `);
  return `${parts.trimEnd()}, ${own}`.replace(/\b(BREAK|ADDCOL|ADDROW|ADDCOMM)\s*, /g, "$1 ");
}

/** The regions of a plan in reading order, split cells flattened; index i is region i of `layoutOf(plan)`. */
export function regionsOf(plan: Pick<Plan, "regions">): Region[] {
  return plan.regions.flatMap((cell) => "regions" in cell ? regionsOf(cell) : [cell]);
}

/** What lies around boxes that are all of a plan: the region `rest` of its layout. */
export function restOf({ basePrompt, prompt }: Pick<Plan, "basePrompt" | "prompt">): Region {
  return { prompt: basePrompt ?? prompt };
}

/** The plan with other regions in the same cells; `change` is given each and its number from 0. */
export function withRegions<P extends Pick<Plan, "regions">>(
  plan: P,
  change: (region: Region, index: number) => Region,
): P {
  let next = 0;
  const changed = (cell: PlanCell): PlanCell =>
    "regions" in cell ? { ...cell, regions: cell.regions.map(changed) } : change(cell, next++);
  return { ...plan, regions: plan.regions.map(changed) };
}

/** The plan with other paths of its masks; `change` is given the path and the region's number from 1. */
export function withMasks(plan: Plan, change: (mask: string, region: number) => string): Plan {
  return withRegions(
    plan,
    (region, i) => region.mask === undefined ? region : { ...region, mask: change(region.mask, i + 1) },
  );
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
