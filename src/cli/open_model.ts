/**
 * Load the model that the flags or a recipe name.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { modelHash } from "../io/model_hash.ts";
import { loadModel, type Model } from "../pipeline/model.ts";
import type { Context } from "./command.ts";
import type { ModelRecipe } from "./recipe.ts";

/** A loaded model with what a recipe says of it. */
export interface OpenedModel {
  model: Model;
  recipe: ModelRecipe;
  /** Seconds that loading took. */
  seconds: number;
}

/** Which model to load, and how; `type` may still be "auto". */
export type ModelChoice = Omit<ModelRecipe, "name" | "hash" | "type"> & { type?: "auto" | "f16" | "f32" };

/** Load a model, saying how far it has come, what it is and why. */
export async function openModel(choice: ModelChoice, { flags, console, signal }: Context): Promise<OpenedModel> {
  const started = performance.now();
  console.progress.stage("Loading the model");
  const { path, type, ...checkpoint } = choice;
  const model = await loadModel(path ?? BUNDLED_MODEL, {
    type,
    device: flags.device,
    offload: flags.offloadToCpu,
    checkpoint,
    onProgress: () => signal.throwIfAborted(),
  });
  for (const reason of model.checkpoint.reason) console.detail(reason);
  const { name, unet } = model.checkpoint;
  const [first] = unet.source.tensors.values();
  const recipe: ModelRecipe = { ...choice, name, hash: await modelHash(first.file), type: model.precision };
  return { model, recipe, seconds: (performance.now() - started) / 1000 };
}
