/**
 * Ways to join regions into one picture. "attention": each position attends to its own region's prompt; "latent":
 * predictions for the whole picture are blended by masks; "canvas": each region is denoised as a picture of its own
 * size.
 */
export const REGION_MODES = ["attention", "latent", "canvas"] as const;

/** One of {@linkcode REGION_MODES}. */
export type RegionMode = typeof REGION_MODES[number];

/** What a plan may ask for: one way for all steps, or "bind", canvases first and attention after them. */
export const PLAN_MODES = [...REGION_MODES, "bind"] as const;

/** One of {@linkcode PLAN_MODES}. */
export type PlanMode = typeof PLAN_MODES[number];

/** How a model likes its regions, where a plan does not say. */
export interface RegionDefaults {
  /** Absent: attention. */
  mode?: PlanMode;
  /** How much of the whole prompt each region shows, 0 to 1. Absent: none. */
  baseRatio?: number;
  /** In bind mode: share of the steps that bind, 0 to 1. Absent: {@linkcode DEFAULT_BIND}. */
  bind?: number;
  /**
   * In bind mode: how much of the whole prompt each region shows after them. Absent: {@linkcode DEFAULT_REFINE_RATIO}.
   */
  refineRatio?: number;
  /** Pixels that each side of a region needs; where no size is asked for, the picture grows for it. */
  leastSide?: number;
  /** What is said of regions where nothing stands. Absent: what plans call it. */
  nothing?: string;
}

/** Share of the steps that bind, where neither the user nor the model says. */
export const DEFAULT_BIND = 0.4;
/** How much of the whole prompt each region shows while it is refined, where neither user, plan nor model says. */
export const DEFAULT_REFINE_RATIO = 0.5;
