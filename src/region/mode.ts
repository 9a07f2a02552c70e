/**
 * Ways to join regions into one picture. "attention": each position attends to its own region's prompt; "latent": predictions
 * for the whole picture are blended by masks; "canvas": each region is denoised as a picture of its own size.
 */
export const REGION_MODES = ["attention", "latent", "canvas"] as const;

/** One of {@linkcode REGION_MODES}. */
export type RegionMode = typeof REGION_MODES[number];

/** How a model likes its regions, where a plan does not say. */
export interface RegionDefaults {
  /** Absent: attention. */
  mode?: RegionMode;
  /** How much of the whole prompt each region shows, 0 to 1. Absent: none. */
  baseRatio?: number;
  /** Pixels that each side of a region needs; where no size is asked for, the picture grows for it. */
  leastSide?: number;
}
