/**
 * Load the model that the flags or a recipe name.
 *
 * @module
 */
import { rememberModel } from "../model/known_models.ts";
import { modelByName, modelFolder } from "../model/short_name.ts";
import type { Device } from "../gpu/device.ts";
import { loadModel, type Model } from "../pipeline/model.ts";
import type { WeightType } from "../pipeline/weight_type.ts";
import type { FlagValues } from "../settings.ts";
import type { Context } from "./command.ts";
import { compileLine } from "./compile_line.ts";
import { downloadLine } from "./download_line.ts";

/** Which model, and what is overruled of it; absent: the bundled one. */
export type ModelChoice =
  & Pick<FlagValues, "model" | "unet" | "vae" | "embeddings" | "preset" | "prediction" | "zsnr">
  & { type?: WeightType };

/** A model and the seconds spent on it so far. */
export interface OpenedModel {
  model: Model;
  seconds: number;
}

/**
 * Open a model, saying what it is and why. Its weights stay where they are.
 *
 * @param device where somebody has opened one already, and closes it
 */
export async function openModel(
  choice: ModelChoice,
  { flags, console, signal }: Context,
  device?: Device,
): Promise<OpenedModel> {
  const started = performance.now();
  console.progress.stage("Opening the model");
  const { model: asked, type, ...checkpoint } = choice;
  const path = asked === undefined ? undefined : await modelByName(asked, await modelFolder(flags.modelDir));
  const model = await loadModel(path, {
    type,
    device: device ?? flags.device,
    lazy: true,
    offload: flags.offloadToCpu || flags.maxVram !== undefined,
    cachePacked: flags.cachePacked,
    noTune: flags.noTune,
    loraDir: flags.loraDir,
    onMessage: console.say,
    checkpoint: { ...checkpoint, signal, onDownload: downloadLine(console.progress.stage) },
  });
  model.device.onCompile = compileLine(model.device, console.progress.stage);
  await rememberModel(model.checkpoint.path);
  const { name, reason } = model.checkpoint;
  console.say(`Model ${name}: ${reason[0]}`);
  for (const more of reason.slice(1)) console.detail(more);
  return { model, seconds: (performance.now() - started) / 1000 };
}

/**
 * Bring the weights to the device, unless each part is to come when it is needed. What decodes comes while the device
 * computes the first step.
 */
export async function loadWeights(opened: OpenedModel, { console, signal }: Context): Promise<OpenedModel> {
  const { model, seconds } = opened;
  const started = performance.now();
  if (!model.offload) {
    console.progress.stage("Loading the model");
    await model.load(model.parts.filter((part) => part !== model.decoder), { signal });
  }
  return { model, seconds: seconds + (performance.now() - started) / 1000 };
}
