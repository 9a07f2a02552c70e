/**
 * RPG (Recaption, Plan, Generate) as a library: plan a picture, then paint all its regions at once.
 *
 * ```ts
 * import { loadModel, makePlan, paint, savePicture } from "./src/mod.ts";
 *
 * using model = await loadModel();
 * const plan = await makePlan("a red apple on the left and a blue teapot on the right", { planner: "rules" });
 * const result = await paint(model, { plan, seed: 7, onStep: ({ step, steps }) => console.log(`${step} of ${steps}`) });
 * await savePicture("picture.png", result, model);
 * ```
 *
 * @module
 */
export * from "./errors.ts";
export { draw, generate, type ImageResult, paint, type StepEvent } from "./generate.ts";
export type { GenerateOptions, Settings } from "./settings.ts";
export { loadModel, type LoadOptions, type LoadProgress, Model } from "./pipeline/model.ts";
export { pictureBytes, type SaveOptions, savePicture, savePicture as savePng } from "./save_picture.ts";
export type { Drawing } from "./pipeline/drawing.ts";
export { prepare } from "./pipeline/prepare.ts";
export type { Picture } from "./picture/picture.ts";
export { Upscaler, type UpscalerOptions } from "./pipeline/upscaler.ts";
export { type AdapterSummary, Device, listAdapters, openDevice, type Precision } from "./gpu/device.ts";
export { readWildcards } from "./files/wildcard_files.ts";
export { chooseWords, type Wildcards } from "./text/wildcards.ts";
export * from "./plan/make_plan.ts";
