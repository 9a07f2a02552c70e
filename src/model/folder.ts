/**
 * Diffusers folders: model_index.json and one folder for each network, tokenizer and scheduler.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { Component, Parts } from "./parts.ts";
import { exists } from "../files/byte_file.ts";
import { readNetworkConfig } from "./check_config.ts";
import { listFolder, openComponentWeights } from "./component_files.ts";
import { type Config, readJson } from "../files/json_file.ts";
import { findModels } from "./find_models.ts";
import { textNames, vaeNames } from "./diffusers_names.ts";
import type { Family } from "./preset.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { readVocabulary } from "./tokenizer_files.ts";

/** Classes that each part of a pipeline may be of. */
const CLASSES: Record<string, string[]> = {
  unet: ["UNet2DConditionModel"],
  vae: ["AutoencoderKL"],
  text_encoder: ["CLIPTextModel", "CLIPTextModelWithProjection"],
  text_encoder_2: ["CLIPTextModelWithProjection", "CLIPTextModel"],
  tokenizer: ["CLIPTokenizer", "CLIPTokenizerFast"],
  tokenizer_2: ["CLIPTokenizer", "CLIPTokenizerFast"],
};

/** Opens a folder that diffusers wrote. @throws ModelError naming the file, what was expected and what was found */
export async function openFolder(path: string, variant?: string): Promise<Parts> {
  const folder = path.replace(/(?<=.)\/+$/, "");
  if (!await exists(`${folder}/model_index.json`)) throw await noModel(folder);
  const index = await readJson(`${folder}/model_index.json`);
  const pipeline = briefText(index._class_name);
  checkParts(index, `${folder}/model_index.json`);

  const sources: TensorSource[] = [];
  const open = async (part: string, names: (source: TensorSource) => TensorSource): Promise<Component> => {
    const config = await readNetworkConfig(`${folder}/${part}/config.json`);
    // Of a text encoder's two classes, one with and one without projection, diffusers takes the index's word.
    if (part.startsWith("text_encoder")) config.architectures = (index[part] as string[]).slice(1);
    const source = await openComponentWeights(`${folder}/${part}`, variant);
    sources.push(source);
    return { config, source: names(source) };
  };
  try {
    const unet = await open("unet", (source) => source);
    const vae = await open("vae", vaeNames);
    const textEncoders = [await open("text_encoder", textNames)];
    const vocabularies = [await readVocabulary(`${folder}/tokenizer`)];
    if (has(index, "text_encoder_2")) {
      textEncoders.push(await open("text_encoder_2", textNames));
      vocabularies.push(await readVocabulary(`${folder}/tokenizer_2`));
    }
    if (!unet.source.tensors.has("conv_in.weight")) throw new ModelError(`${folder}/unet lacks conv_in.weight.`);
    const { family, why } = familyOf(unet.config, textEncoders.length);
    const scheduler = correctScheduler(await readJson(`${folder}/scheduler/scheduler_config.json`), family);
    const known = presetOf(unet.config, vae.config, scheduler, family);
    const reason = [`A diffusers folder (${pipeline}), family ${family}: ${why}.`];
    if (known) reason.push(`Preset ${known.name}: ${known.why}.`);
    const own = ownSettings(index, unet.config, vae.config, family);
    return { family, reason, unet, vae, textEncoders, vocabularies, scheduler, presetName: known?.name, own, sources };
  } catch (error) {
    sources.forEach((source) => source.close());
    throw error;
  }
}

/** What a folder without model_index.json is instead. */
async function noModel(folder: string): Promise<ModelError> {
  const found = [...await listFolder(folder)].sort();
  const expected = `${folder} has no model_index.json, so it is no diffusers model.`;
  if (found.includes("config.json")) {
    const config = await readJson(`${folder}/config.json`);
    const kind = config._class_name ?? (config.architectures as string[] | undefined)?.[0] ?? config.model_type;
    const way = kind === "ControlNetModel"
      ? "it steers a model that draws. Name it with --control-net."
      : "one network of a model. Give the folder around it.";
    return new ModelError(`${expected} Its config.json says ${briefText(kind)}: ${way}`);
  }
  const { models, loras } = await findModels(folder);
  const say = (list: string[]) =>
    list.slice(0, 5).map((name) => briefText(name)).join(", ") + (list.length > 5 ? ", …" : "");
  if (models.length) return new ModelError(`${expected} Give one of the models in it: ${say(models)}.`);
  const what = loras.length ? "only LoRAs, which change a model" : briefText(found.join(", ") || "nothing");
  return new ModelError(`${expected} It holds ${what}.`);
}

function has(index: Config, part: string): boolean {
  const entry = index[part];
  return Array.isArray(entry) && typeof entry[1] === "string";
}

function checkParts(index: Config, path: string): void {
  const refuse = (what: string) => new ModelError(`${path} describes ${briefText(index._class_name)}: ${what}.`);
  if (!has(index, "text_encoder") && has(index, "text_encoder_2")) {
    throw refuse(
      "the SDXL refiner, which finishes the pictures of a base model and draws none itself. Use the base model (stable-diffusion-xl-base-1.0)",
    );
  }
  for (const [part, classes] of Object.entries(CLASSES)) {
    const entry = index[part];
    if (part.endsWith("_2") && !has(index, part)) continue;
    const found = Array.isArray(entry) ? entry[1] : undefined;
    if (!classes.includes(found as string)) {
      throw refuse(
        `its ${part} is ${found === undefined ? "missing" : briefText(found)}, but SD 1, SD 2 and SDXL have ${
          classes[0]
        }`,
      );
    }
  }
  if (!has(index, "scheduler")) throw refuse("its scheduler is missing");
}

/**
 * A scheduler's config as diffusers' StableDiffusionPipeline corrects it, for those saved before the keys existed: the
 * pipeline of SDXL takes configs as they are.
 */
export function correctScheduler(scheduler: Config, family: Family): Config {
  const { _class_name: kind = "" } = scheduler;
  if (typeof kind !== "string") {
    throw new ModelError(`The scheduler config has the class ${brief(kind)}; expected a name.`);
  }
  if (family === "sdxl") return scheduler;
  // Only a class that knows clip_sample has its default of true.
  const clips = scheduler.clip_sample ?? scheduler._class_name === "DDIMScheduler";
  return { ...scheduler, steps_offset: 1, ...(clips ? { clip_sample: false } : {}) };
}

function familyOf(unet: Config, encoders: number): { family: Family; why: string } {
  if (encoders === 2) return { family: "sdxl", why: "it has two text encoders" };
  if (unet.addition_embed_type === "text_time") {
    throw new ModelError("The UNet wants SDXL's pooled text and sizes, but there is only one text encoder.");
  }
  return unet.use_linear_projection === true
    ? { family: "sd2", why: "one text encoder, and its UNet projects by linear layers" }
    : { family: "sd1", why: "one text encoder, and its UNet projects by convolutions" };
}

/** Presets that config alone tells. */
function presetOf(
  unet: Config,
  vae: Config,
  scheduler: Config,
  family: Family,
): { name: string; why: string } | undefined {
  const kind = String(scheduler._class_name);
  const size = `its UNet takes ${unet.in_channels} channels`;
  if (unet.in_channels === 9) {
    return { name: { sd1: "sd15-inpaint", sd2: "sd2-inpaint", sdxl: "sdxl-inpaint" }[family], why: size };
  }
  const latents = vae.latent_channels ?? 4;
  if (unet.in_channels !== undefined && unet.in_channels !== latents) {
    throw new ModelError(
      `The UNet takes ${unet.in_channels} channels (8: instruct-pix2pix); supported: the VAE's ${latents}, and 9 for inpainting.`,
    );
  }
  // The bundled model's first and second edition.
  if (family === "sd2" && (latents === 12 || latents === 16)) {
    return { name: "mini", why: `its latents have ${latents} channels` };
  }
  if (kind === "LCMScheduler" && family !== "sd2") {
    return { name: family === "sd1" ? "lcm" : "lcm-sdxl", why: "its scheduler is LCMScheduler" };
  }
  const few = fewSteps(scheduler, family);
  if (few) return few;
  if (family === "sd2" && scheduler.prediction_type !== "v_prediction") {
    return { name: "sd21-base", why: "its scheduler says that it predicts ε" };
  }
  if (family !== "sdxl") return undefined;
  if (kind.startsWith("EDM") && scheduler.prediction_type === "v_prediction" && !vae.latents_mean) {
    return { name: "cosxl", why: `its scheduler is ${kind}, and says v_prediction` };
  }
  if (kind.startsWith("EDM") || vae.latents_mean) {
    return { name: "playground-v2.5", why: "EDM scheduler, or latents with a mean" };
  }
  if (scheduler.prediction_type === "v_prediction") {
    return { name: "sdxl-vpred", why: "its scheduler says v_prediction" };
  }
}

/** Distilled models by scheduler: those for many steps that predict ε are published with leading ones. */
const DISTILLED: Partial<Record<Family, Record<string, string>>> = {
  sd1: { DDIMScheduler: "hyper-sd15" },
  sd2: { EulerDiscreteScheduler: "sd-turbo" },
  sdxl: {
    EulerAncestralDiscreteScheduler: "sdxl-turbo",
    EulerDiscreteScheduler: "sdxl-lightning",
    DDIMScheduler: "hyper-sdxl",
  },
};

function fewSteps(scheduler: Config, family: Family): { name: string; why: string } | undefined {
  const name = DISTILLED[family]?.[String(scheduler._class_name)];
  const { prediction_type = "epsilon", timestep_spacing, rescale_betas_zero_snr } = scheduler;
  if (!name || timestep_spacing !== "trailing" || prediction_type !== "epsilon" || rescale_betas_zero_snr) return;
  return { name, why: `its scheduler is ${scheduler._class_name} with trailing steps, as few-step models have` };
}

/** What a folder's JSON says where presets have defaults. */
export function ownSettings(index: Config, unet: Config, vae: Config, family: Family): Parts["own"] {
  return { ...pictureSize(unet, vae), ...emptyPrompt(index, family) };
}

function pictureSize(unet: Config, vae: Config): { width?: number; height?: number } {
  const levels = Array.isArray(vae.block_out_channels) ? vae.block_out_channels.length : 4;
  const [height, width] = [unet.sample_size].flat().concat(unet.sample_size).map((n) => Number(n) * 2 ** (levels - 1));
  return width > 0 && height > 0 ? { width, height } : {};
}

function emptyPrompt(index: Config, family: Family): { forceZerosForEmptyPrompt: boolean } {
  return { forceZerosForEmptyPrompt: family === "sdxl" && index.force_zeros_for_empty_prompt !== false };
}
