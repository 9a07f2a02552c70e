/**
 * Model families and the settings each published model is meant to run with.
 *
 * @module
 */

/** Architecture: what the networks look like. */
export type Family = "sd1" | "sd2" | "sdxl";

/** What the UNet's output means. "edm" is Playground v2.5's preconditioning. */
export type Prediction = "epsilon" | "v_prediction" | "sample" | "edm";

/** Defaults for a model; every flag overrules them. */
export interface Preset {
  /** Spelling of `--preset`. */
  name: string;
  /** For people. */
  title: string;
  family: Family;
  /** Pixels. */
  width: number;
  height: number;
  steps: number;
  /** Guidance; 1 and below means that no negative pass runs. */
  cfgScale: number;
  prediction: Prediction;
  /** An absent negative prompt is zeros instead of the encoded empty prompt (SDXL). */
  forceZerosForEmptyPrompt: boolean;
}
