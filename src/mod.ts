/**
 * RPG (Recaption, Plan, Generate) as a library: plan a picture, then paint all its regions at once.
 *
 * ```ts
 * import { loadModel, makePlan, paint, savePicture } from "./src/mod.ts";
 *
 * using model = await loadModel();
 * const plan = await makePlan("a red apple on the left and a blue teapot on the right", { planner: "rules" });
 * const result = await paint(model, { plan, seed: 7, onStep: ({ step, steps }) => console.log(step, "of", steps) });
 * await savePicture("picture.png", result, model);
 * ```
 *
 * @module
 */
export { CancelledError, GpuError, ModelError, PlannerError, RpgError, UsageError } from "./errors.ts";
export { draw, generate, type ImageResult, paint, type StepEvent } from "./generate.ts";
export type { ControlOption, GenerateOptions, PictureOptions, Settings } from "./settings.ts";
export {
  controlSettings,
  decodingSettings,
  largerSettings,
  loraSettings,
  pictureSettings,
  samplingSettings,
  sizeSettings,
  startSettings,
} from "./settings/schema.ts";
export { type CommandName, COMMANDS } from "./settings/commands.ts";
export type { Box, FileInput, LoraInput, NetworkInput, NetworkName, Sides } from "./settings/kinds.ts";
export type { PictureInput, PictureName } from "./picture/input.ts";
export type { SamplerName, SchedulerName } from "./sample/names.ts";
export type { WeightType } from "./pipeline/weight_type.ts";
export type { Always, Field, Setting, Table, Types, ValueOf, Values } from "./settings/setting.ts";
export { loadModel, type LoadOptions, type LoadProgress, Model, type ModelOptions } from "./pipeline/model.ts";
export type { PreviewKind } from "./pipeline/preview.ts";
export type { Offload } from "./pipeline/stage.ts";
export type { OpenOptions } from "./model/checkpoint.ts";
export type { DownloadProgress } from "./hub/download.ts";
export type { WrittenFormat } from "./formats/encode_picture.ts";
export type { Networks } from "./pipeline/networks.ts";
export { pictureBytes, type SaveOptions, savePicture, savePicture as savePng } from "./save_picture.ts";
export type { Drawing } from "./pipeline/drawing.ts";
export { prepare } from "./pipeline/prepare.ts";
export type { Picture } from "./picture/picture.ts";
export { Upscaler, type UpscalerOptions } from "./pipeline/upscaler.ts";
export { type AdapterSummary, Device, listAdapters, openDevice, type Precision } from "./gpu/device.ts";
export { readWildcards } from "./files/wildcard_files.ts";
export { chooseWords, type Wildcards } from "./text/wildcards.ts";
export type { ChatOptions } from "./plan/llm/chat.ts";
export type { LanguageModelOptions } from "./plan/llm/language_model.ts";
export type { PlanCell, PlanPhase, SplitCell } from "./plan/plan.ts";
export type { Limits } from "./plan/review.ts";
export type { Cell, Layout, Rect } from "./region/layout.ts";
export { PLAN_MODES, type PlanMode, REGION_MODES, type RegionMode } from "./region/mode.ts";
export * from "./plan/make_plan.ts";
export { drawAndMend, type Looked, type LoopOptions, UnfinishedError } from "./closed_loop.ts";
export { type Attempt, edit, type EditOptions, mend, planEdit, type PlannedEdit, type Round } from "./edit.ts";
export { type Edit, type Operation, OPERATIONS } from "./edit/operation.ts";
export { checklistOf } from "./judge/checklist.ts";
export { type Check, type Judge, type Mark, type Verdict, worth } from "./judge/judge.ts";
export { miniJudge } from "./judge/mini_judge.ts";
export { visionJudge } from "./judge/vision_judge.ts";
export { visionDifference } from "./edit/vision_difference.ts";
