import type { Plan } from "./plan.ts";

/** What a planner is asked for. */
export interface PlanRequest {
  /** In the user's words. */
  prompt: string;
  /** Pictures as data URLs, for planners that see. */
  images?: string[];
  /** Told what happens meanwhile: retries, fallbacks. */
  say?: (message: string) => void;
  /** Told every few seconds how an answer gets on that is long in coming. */
  progress?: (message: string) => void;
}

/**
 * Anything that turns a prompt into a plan. `makePlan` checks what it returns, so a planner of one's own needs no more
 * than a split ratio and region prompts; see examples/own_planner.ts.
 */
export type Planner = (request: PlanRequest, signal?: AbortSignal) => Promise<PlannedPicture> | PlannedPicture;

/** What a planner returns: a plan, or the part of one that is not filled in by itself. */
export type PlannedPicture = Pick<Plan, "splitRatio" | "regions"> & Partial<Plan>;
