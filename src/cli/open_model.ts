/**
 * Load the model that the flags or a recipe name.
 *
 * @module
 */
import { loadModel, type Model } from "../pipeline/model.ts";
import { describeModel, type ModelChoice, type ModelRecipe } from "../recipe.ts";
import type { Context } from "./command.ts";
import { downloadLine } from "./download_line.ts";

/** A loaded model with what a recipe says of it. */
export interface OpenedModel {
  model: Model;
  recipe: ModelRecipe;
  /** Seconds that loading took. */
  seconds: number;
}

/** Load a model in a precision, saying what it is and why. */
export async function openModel(
  choice: ModelChoice,
  type: "auto" | "f16" | "f32" | undefined,
  { flags, console, signal }: Context,
): Promise<OpenedModel> {
  const started = performance.now();
  console.progress.stage("Loading the model");
  const { path, ...checkpoint } = choice;
  const model = await loadModel(path, {
    type,
    device: flags.device,
    offload: flags.offloadToCpu || flags.maxVram !== undefined,
    cachePacked: flags.cachePacked,
    onMessage: console.say,
    checkpoint: { ...checkpoint, signal, onDownload: downloadLine(console.progress.stage) },
    onProgress: () => signal.throwIfAborted(),
  });
  const { name, reason } = model.checkpoint;
  console.say(`Model ${name}: ${reason[0]}`);
  for (const more of reason.slice(1)) console.detail(more);
  const recipe = await describeModel(model, choice);
  return { model, recipe, seconds: (performance.now() - started) / 1000 };
}
