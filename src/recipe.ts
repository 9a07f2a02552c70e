/**
 * A recipe is everything that decides a picture's bytes. Each PNG carries its own, as JSON and as the text other tools read.
 *
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import { UsageError } from "./errors.ts";
import { readSettings, type Settings } from "./settings.ts";
import { modelHash } from "./model/model_hash.ts";
import { formatParameters } from "./formats/parameters.ts";
import type { Model } from "./pipeline/model.ts";
import { parsePlan, type Plan } from "./plan/plan.ts";
import { samplerLabel, schedulerLabel } from "./sample/names.ts";

/** Which model, and how it was loaded. */
export interface ModelRecipe {
  name: string;
  /** As the user gave it; absent for the bundled model. */
  path?: string;
  /** See `modelHash`. */
  hash: string;
  type: "f16" | "f32";
  vae?: string;
  preset?: string;
  prediction?: "auto" | "eps" | "v";
  zsnr?: boolean;
  embeddings?: string;
}

/** What a model was loaded with, as far as it decides what it draws. */
export type ModelChoice = Omit<ModelRecipe, "name" | "hash" | "type">;

/** What a recipe says of a loaded model. */
export async function describeModel(model: Model, choice: ModelChoice): Promise<ModelRecipe> {
  const { name, unet } = model.checkpoint;
  const [first] = unet.source.tensors.values();
  return { ...choice, name, hash: await modelHash(first.file), type: model.precision };
}

/** Everything that decides a picture. */
export interface Recipe {
  version: string;
  model: ModelRecipe;
  plan: Plan;
  settings: Settings;
}

/** Keyword of the JSON in a PNG. */
export const RECIPE_KEYWORD = "rpg";

/** The recipe of a picture that this version makes. Parsing gives plan and settings one order, hence the same bytes. */
export function makeRecipe(model: ModelRecipe, plan: Plan, settings: Settings): Recipe {
  return { version: manifest.version, model, plan: parsePlan(plan), settings: readSettings(settings, "settings.") };
}

/** The texts that a PNG carries: `parameters` for other tools, the recipe for this one. */
export function recipeTexts(recipe: Recipe): Record<string, string> {
  const { model, plan, settings, version } = recipe;
  const parameters = formatParameters({
    prompt: plan.prompt,
    negativePrompt: plan.negativePrompt ?? settings.negativePrompt,
    fields: {
      Steps: `${settings.steps}`,
      Sampler: samplerLabel(settings.samplingMethod),
      ...(settings.scheduler ? { "Schedule type": schedulerLabel(settings.scheduler) } : {}),
      "CFG scale": `${settings.cfgScale}`,
      Seed: `${settings.seed}`,
      Size: `${settings.width}x${settings.height}`,
      "Model hash": model.hash,
      Model: model.name,
      ...(settings.clipSkip ? { "Clip skip": `${settings.clipSkip}` } : {}),
      ...(plan.splitRatio !== "1" ? { "Split ratio": plan.splitRatio } : {}),
      RNG: settings.rng === "cpu" ? "CPU" : "GPU",
      Version: `rpg ${version}`,
    },
  });
  return { parameters, [RECIPE_KEYWORD]: recipeJson(recipe) };
}

/** Seeds beyond JavaScript's exact integers become strings. */
function recipeJson(recipe: Recipe): string {
  return JSON.stringify(recipe, (_, part) => typeof part === "bigint" ? part.toString() : part);
}

/**
 * The recipe among a PNG's texts.
 *
 * @throws UsageError when there is none or it is damaged, PlannerError when its plan is not valid
 */
export function readRecipe(texts: Map<string, string>, name: string): Recipe {
  const text = texts.get(RECIPE_KEYWORD);
  if (text === undefined) {
    throw new UsageError(`${name} was not made by this program, so it does not say enough to be made again.`);
  }
  try {
    const recipe = JSON.parse(text) as Recipe;
    const { seed } = recipe.settings;
    const settings = { ...recipe.settings, seed: typeof seed === "string" ? BigInt(seed) : seed };
    return { ...recipe, settings, plan: parsePlan(recipe.plan) };
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) {
      throw new UsageError(`${name}: its settings are damaged: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
