/**
 * What decides a picture beside its model: what a caller may ask for, and what it becomes. Types of the schema's
 * tables, in which each setting has its line (settings/schema.ts).
 *
 * @module
 */
import type { Plan } from "./plan/plan.ts";
import { checkSettings } from "./settings/check.ts";
import {
  type controlSettings,
  type decodingSettings,
  deviceSettings,
  type editSettings,
  type largerSettings,
  type loopSettings,
  type loraPlaces,
  type loraSettings,
  modelSettings,
  type outputSettings,
  type ownSettings,
  pictureSettings,
  plannerSettings,
  type planSettings,
  type promptSettings,
  type samplingSettings,
  type seriesSettings,
  type sizeSettings,
  type startSettings,
} from "./settings/schema.ts";
import { kindOf } from "./settings/kind_of.ts";
import { anyText, checkValue } from "./settings/kinds.ts";
import type { Always, Table, Values } from "./settings/setting.ts";

/**
 * How a picture is drawn. Names are the command line's flags in camelCase; absent ones come from the model's preset.
 */
export type PictureOptions = Values<typeof pictureSettings>;

/** What to draw and how. */
export interface GenerateOptions extends PictureOptions {
  /** Drawn plainly; give `plan` for regions. */
  prompt?: string;
  /** What is drawn where. Goes before `prompt`. */
  plan?: Plan;
  /** Aborting it ends the run with a CancelledError. */
  signal?: AbortSignal;
}

/** All settings of a picture, none absent but those without a default. */
export type Settings = PictureOptions & Required<Pick<PictureOptions, Always<typeof pictureSettings>>>;

/** How much of a picture changes where nobody says: diffusers' defaults with and without a mask. */
export function startStrength(masked: boolean): number {
  return masked ? 1 : 0.8;
}

/** A ControlNet, what it sees, how strongly and when it steers. */
export type ControlOption = NonNullable<PictureOptions["controlNets"]>[number];

/** Settings that are pictures: recipes have their names and hashes. */
export const PICTURE_SETTINGS = ["initImage", "mask"] as const;

/** Settings that are files of weights; `latent` and `lanczos` are none. */
export const FILE_SETTINGS = ["hiresUpscaler", "upscaleModel", "taesd"] as const;

/** The values of the flags that were given. */
export type FlagValues = Values<
  & typeof promptSettings
  & typeof seriesSettings
  & typeof planSettings
  & typeof plannerSettings
  & typeof samplingSettings
  & typeof sizeSettings
  & typeof startSettings
  & typeof largerSettings
  & typeof controlSettings
  & typeof modelSettings
  & typeof loraSettings
  & typeof loraPlaces
  & typeof decodingSettings
  & typeof deviceSettings
  & typeof outputSettings
  & typeof ownSettings
  & typeof editSettings
  & typeof loopSettings
>;

/**
 * What a caller asks of a picture, in canonical form: samplers by their own names, nothing undefined.
 *
 * @throws UsageError for options that do not exist and for values that the command line would refuse, too
 */
export function checkPicture(options: GenerateOptions): PictureOptions {
  const checked = checkSettings(pictureSettings, options, { others: ["prompt", "plan", "signal"] });
  if (options.prompt !== undefined) checkValue(anyText, options.prompt, "prompt");
  return checked;
}

/**
 * The settings of a finished picture, as a file has them.
 *
 * @param prefix stands before each name in messages
 * @throws UsageError where one is missing, unknown or not possible
 */
export function readSettings(values: unknown, prefix: string): Settings {
  return checkSettings(pictureSettings, values, { prefix, complete: true }) as Settings;
}

/** What `loadModel` takes of the schema. */
const loadTable = {
  type: modelSettings.type,
  cachePacked: deviceSettings.cachePacked,
  noTune: deviceSettings.noTune,
} satisfies Table;
const { model: _model, modelDir: _modelDir, type: _type, ...checkpointTable } = modelSettings;
const LOAD_OTHERS = [
  "loraDir",
  "device",
  "offload",
  "lazy",
  "streamWindow",
  "backbones",
  "checkpoint",
  "onMessage",
  "onProgress",
  "signal",
] as const;

/**
 * Checks how a model is to be loaded.
 *
 * @throws UsageError for options that do not exist and for values that the command line would refuse, too
 */
export function checkLoad(path: unknown, options: object & { checkpoint?: object }): void {
  checkValue(kindOf(modelSettings.model), path, "path");
  checkSettings(loadTable, options, { others: LOAD_OTHERS });
  const others = ["variant", "onDownload", "signal"];
  if (options.checkpoint) checkSettings(checkpointTable, options.checkpoint, { prefix: "checkpoint.", others });
}

/** A planner may also be a function, and pictures are given as `images`. */
const { planner: _planner, image: _image, ...askedTable } = plannerSettings;
const PLAN_OTHERS = [
  "planner",
  "images",
  "signal",
  "say",
  "progress",
  "environment",
  "short",
  "constrained",
  "keepReply",
  "idleTimeout",
  "retries",
  "backoff",
  "orRules",
  "coarsest",
  "countTokens",
] as const;

/**
 * Checks what `makePlan` is given.
 *
 * @throws UsageError for options that do not exist and for values that the command line would refuse, too
 */
export function checkPlanning(prompt: unknown, options: object & { planner?: unknown }): void {
  checkValue(anyText, prompt, "prompt");
  checkSettings(askedTable, options, { others: PLAN_OTHERS });
  const { planner } = options;
  if (planner !== undefined && typeof planner !== "function") {
    checkValue(kindOf(plannerSettings.planner), planner, "planner");
  }
}
