import type { Plan } from "./plan.ts";

/** What a planner is asked for. */
export interface PlanRequest {
  /** In the user's words. */
  prompt: string;
  /** Pictures as data URLs, for planners that see. */
  images?: string[];
  /** Called with what happens meanwhile: retries, fallbacks. */
  say?: (message: string) => void;
  /** Called every few seconds with how a slow answer is getting on. */
  progress?: (message: string) => void;
}

/**
 * Anything that turns a prompt into a plan. `makePlan` checks what it returns, so a planner of one's own needs no more
 * than a split ratio and region prompts; see examples/own_planner.ts.
 */
export type Planner = (request: PlanRequest, signal?: AbortSignal) => Promise<PlannedPicture> | PlannedPicture;

/** What a planner returns: a plan, or the part of one that is not filled in by itself. */
export type PlannedPicture = Pick<Plan, "splitRatio" | "regions"> & Partial<Plan>;
