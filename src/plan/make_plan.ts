/**
 * Plans: the one entry that the command line and the library use. `makePlan` plans with rules, a language model or a
 * planner of one's own and checks the plan against the prompt; the other exports read, draw and take apart plans.
 *
 * @module
 */
import { PlannerError } from "../errors.ts";
import { checkPlanning } from "../settings.ts";
import { hasRegionKeywords } from "../region/keywords.ts";
import { isConfigured, readEnvironment } from "./llm/endpoint.ts";
import { planFromRegions } from "./from_regions.ts";
import type { LanguageModelOptions } from "./llm/language_model.ts";
import { parsePlan } from "./parse_plan.ts";
import { plainPlan, type Plan, regionsOf } from "./plan.ts";
import type { Planner, PlanRequest } from "./planner.ts";
import type { Limits } from "./review.ts";
import { wholesOf, withoutLoras } from "../text/remarks.ts";

export { planFromRegions, type RegionOptions } from "./from_regions.ts";
export { baseRatiosOf, layoutOf } from "./layout_of.ts";
export { parsePlan } from "./parse_plan.ts";
export { plainPlan, type Plan, type Region, regionsOf, withMasks } from "./plan.ts";
export { boxDrawing } from "./show/box_drawing.ts";
export { drawPlan } from "./show/layout_picture.ts";
export { planJsonSchema } from "./llm/reply_schema.ts";
export type { PlannedPicture, Planner, PlanRequest } from "./planner.ts";

/** How to plan. Everything about language models is only looked at where one is asked. */
export interface MakePlanOptions extends LanguageModelOptions, Limits {
  /** "auto" (the default) asks a language model where one is configured and else goes by rules. */
  planner?: "auto" | "rules" | "openai" | Planner;
  /** Pictures as data URLs, for planners that see. */
  images?: string[];
  /** Aborting it ends the planning. */
  signal?: AbortSignal;
  /** Called with which planner is at work, and with its retries and fallbacks. */
  say?: (message: string) => void;
  /** Called every few seconds with how a slow answer is getting on. */
  progress?: (message: string) => void;
}

/**
 * Plan a picture.
 *
 * A prompt that holds region keywords (`a BREAK b`) is its own plan. Otherwise the planner plans, and its plan is drawn
 * as it is: no cell is ever added. The plan's notes warn of what it seems to lack. "auto" falls back to the rules where
 * the language model fails, after saying so; "openai" never does.
 *
 * @throws PlannerError (LanguageModelError for a language model), UsageError for what was configured wrongly
 * @example
 * ```ts
 * const plan = await makePlan("a red apple on the left and a blue teapot on the right", { planner: "rules" });
 * console.log(plan.splitRatio); // 1,1
 * ```
 */
export async function makePlan(prompt: string, options: MakePlanOptions = {}): Promise<Plan> {
  checkPlanning(prompt, options);
  if (hasRegionKeywords(prompt)) return planFromRegions({ regions: prompt });
  const words = withoutLoras(prompt);
  // A LoRA of the whole prompt holds in the whole picture, however it is parted.
  if (words !== prompt) return { ...await makePlan(words, options), prompt };
  const { images, say, progress } = options;
  const request: PlanRequest = { prompt, images, say, progress };
  const { planner = "auto", signal } = options;
  if (typeof planner === "function") {
    const planned = await planner(request, signal);
    return await reviewed(parsePlan({ prompt, planner: planner.name || "own planner", ...planned }), options);
  }
  if (planner === "rules") return await byRules(prompt);
  if (planner === "openai") return await reviewed(await askModel(request, options, signal), options);
  if (!isConfigured(options, options.environment ?? readEnvironment())) {
    options.say?.("Planned by rules: no language model is configured (OPENAI_API_KEY or --llm-url).");
    return await rulesOrWhole(prompt, options);
  }
  try {
    const plan = await reviewed(await askModel(request, options, signal), options);
    options.say?.(`Planned by ${plan.planner}.`);
    return plan;
  } catch (error) {
    if (!(error instanceof PlannerError)) throw error;
    const note = `The language model failed, so the rules made this plan. ${error.message}`;
    options.say?.(note);
    const plan = await rulesOrWhole(prompt, options);
    return { ...plan, notes: [...(plan.notes ?? []), note] };
  }
}

/**
 * The rules' plan; the prompt as it is where they would tear its editing apart (`[a cat and a dog:a fox:0.5]`). The
 * rules, their tagger and its dictionary are loaded only here.
 */
async function byRules(prompt: string): Promise<Plan> {
  const [{ expectEnglish }, { planByRules }] = await Promise.all([
    import("./rules/language.ts"),
    import("./rules/rules.ts"),
  ]);
  await expectEnglish(prompt);
  const plan = planByRules(prompt);
  const torn = lostBy(plan, prompt);
  if (torn === undefined) return plan;
  return plainPlan(prompt, "rules", `The rules would tear "${torn}" apart, so the prompt is drawn as it is.`);
}

/** Only plans that came from elsewhere are reviewed, and what that needs loaded. */
async function reviewed(plan: Plan, limits: Limits): Promise<Plan> {
  return (await import("./review.ts")).reviewPlan(plan, limits);
}

/** The first of a prompt's constructs that a plan does not hold as it is written. */
function lostBy(plan: Plan, prompt: string): string | undefined {
  const texts = [plan.basePrompt ?? "", ...regionsOf(plan).map((region) => region.prompt)];
  const kept = new Set(texts.flatMap(wholesOf));
  return wholesOf(prompt).find((written) => !kept.has(written));
}

/**
 * Where nobody chose the rules, a prompt that they cannot read is still a picture: it is drawn whole, and that is said.
 */
async function rulesOrWhole(prompt: string, { say }: MakePlanOptions): Promise<Plan> {
  try {
    return await byRules(prompt);
  } catch (error) {
    if (!(error instanceof PlannerError)) throw error;
    const note = `${error.message} Nobody asked for the rules, so it is drawn whole.`;
    say?.(note);
    return plainPlan(prompt, "rules", note);
  }
}

/** The language model's code, and the package it needs, is loaded only here. */
async function askModel(request: PlanRequest, options: MakePlanOptions, signal?: AbortSignal): Promise<Plan> {
  const { languageModelPlanner } = await import("./llm/language_model.ts");
  const plan = await languageModelPlanner(options)(request, signal);
  const lost = lostBy(plan, request.prompt);
  if (lost === undefined) return plan;
  return { ...plan, notes: [...(plan.notes ?? []), `Warning: the plan does not hold "${lost}" of the prompt.`] };
}
