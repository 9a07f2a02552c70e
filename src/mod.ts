/**
 * RPG (Recaption, Plan, Generate) as a library: plan a picture, then paint all its regions at once.
 *
 * ```ts
 * import { generate, loadModel, makePlan } from "./src/mod.ts";
 *
 * const model = await loadModel();
 * const plan = await makePlan("a red apple on the left and a blue teapot on the right", { planner: "rules" });
 * const steps = generate(model, { plan, seed: 7 });
 * let next = await steps.next();
 * while (!next.done) {
 *   console.log(`step ${next.value.step} of ${next.value.steps}`);
 *   next = await steps.next();
 * }
 * await savePng("picture.png", next.value, model);
 * ```
 *
 * @module
 */
export * from "./errors.ts";
export { generate, type ImageResult, type StepEvent } from "./generate.ts";
export type { GenerateOptions, Settings } from "./settings.ts";
export { loadModel, type LoadOptions, type LoadProgress, Model } from "./pipeline/model.ts";
export { savePng } from "./save_png.ts";
export type { Picture } from "./pipeline/decoder.ts";
export { type AdapterSummary, Device, listAdapters, openDevice, type Precision } from "./gpu/device.ts";
export * from "./plan/make_plan.ts";
