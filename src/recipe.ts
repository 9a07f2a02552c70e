/**
 * A recipe is everything that decides a picture's bytes. Each picture carries its own, as JSON and as the text other
 * tools read. It says names and hashes: where files lie, and what a URL or a key holds, is nobody's business.
 *
 * @module
 */
import { createHash } from "./deps/node.ts";
import manifest from "../deno.json" with { type: "json" };
import { brief, briefText } from "./brief.ts";
import { UsageError } from "./errors.ts";
import { readUserFile } from "./files/user_file.ts";
import type { WrittenFormat } from "./formats/encode_picture.ts";
import { formatParameters } from "./formats/parameters.ts";
import { parseStrictJson } from "./files/strict_json.ts";
import { BYTES_OF, COUNT_OF } from "./limits.ts";
import { identify, type Identity } from "./model/identity.ts";
import type { Model } from "./pipeline/model.ts";
import type { PictureName } from "./picture/input.ts";
import { parsePlan } from "./plan/parse_plan.ts";
import { negativeOf, type Plan, regionsOf, withMasks } from "./plan/plan.ts";
import { regionParameters } from "./plan/show/regional_prompter.ts";
import { samplerLabel, schedulerLabel } from "./sample/names.ts";
import { publicName, publicText, withoutKeys } from "./secrets.ts";
import { readSettings, type Settings, startStrength } from "./settings.ts";
import { checkSettings } from "./settings/check.ts";
import { modelSettings } from "./settings/schema.ts";
import type { Always, Table, Values } from "./settings/setting.ts";

/** What a recipe says of a model beside its hashes, as the schema has it. */
const modelTable = {
  name: { type: "text", on: [], always: true, help: "short name" },
  hash: { type: "text", on: [], always: true, help: "of the UNet's file" },
  type: { oneOf: ["f16", "f32", "q8_0", "q4_0"], on: [], always: true, help: "storage of weights and activations" },
  unet: { type: "text", on: [], help: "name of the file or folder that the UNet is from" },
  vae: { type: "text", on: [], help: "name of the file or folder that the VAE is from" },
  embeddings: { type: "text", on: [], help: "name of the file or folder that textual inversions are from" },
  preset: modelSettings.preset,
  prediction: modelSettings.prediction,
  zsnr: modelSettings.zsnr,
  fullHash: { type: "flag", on: [], help: "the parts' hashes are of all bytes, not of samples" },
} as const satisfies Table;

/** Which model, and how it was loaded. */
export type ModelRecipe =
  & Values<typeof modelTable>
  & Required<Pick<Values<typeof modelTable>, Always<typeof modelTable>>>
  & Partial<Pick<Identity, "parts">>;

/** Everything that decides a picture. */
export interface Recipe {
  version: string;
  model: ModelRecipe;
  /** Masks by the names of their files. */
  plan: Plan;
  settings: Settings;
  /** Hashes of the masks, by the numbers of their regions from 1. */
  masks?: Record<string, string>;
  /**
   * Of a picture that was painted over in parts: all that was drawn, one over the other. The last is the recipe's own.
   */
  layers?: Layer[];
}

/** One of the drawings that lie over one another in a picture. */
export interface Layer extends Pick<Recipe, "plan" | "settings" | "masks"> {
  /** Absent: the recipe's. */
  model?: ModelRecipe;
  /** Where it covers what is under it: a PNG in base64. Absent: everywhere, and it began with nothing. */
  mask?: string;
  /** Before it was drawn, what its mask covers was filled in from around it. */
  filled?: true;
  /** The file of the picture under it, where it is one. */
  picture?: PictureName;
}

/** Keyword of the JSON in a picture. */
export const RECIPE_KEYWORD = "rpg";

/** What a recipe says of a loaded model. @param full hashes all its bytes rather than samples */
export async function describeModel(model: Model, full = false, signal?: AbortSignal): Promise<ModelRecipe> {
  const { name, asked } = model.checkpoint;
  const { unet, vae, embeddings, preset, prediction, zsnr } = asked;
  const described = {
    name,
    type: model.storedAs,
    unet: unet && publicName(unet),
    vae: vae && publicName(vae),
    embeddings: embeddings && publicName(embeddings),
    preset,
    prediction,
    zsnr,
    fullHash: full || undefined,
    ...await identify(model.checkpoint, full, signal).catch((cause) => {
      model.expectOpen(); // its files are closed with it
      throw cause;
    }),
  };
  return readModel(described);
}

/** The recipe of a picture that this version makes. Parsing gives plan and settings one order, hence the same bytes. */
export async function makeRecipe(model: ModelRecipe, plan: Plan, settings: Settings): Promise<Recipe> {
  const masks: Record<string, string> = {};
  for (const [i, { mask }] of regionsOf(plan).entries()) if (mask) masks[i + 1] = await hashMask(mask);
  return {
    version: manifest.version,
    model,
    plan: parsePlan(publicPlan(plan)),
    settings: readSettings(settings, "settings."),
    ...(Object.keys(masks).length ? { masks } : {}),
  };
}

/** Bytes of JSON that a picture has room for: JPEG keeps it in one segment, beside what other tools read. */
const ROOM: Record<WrittenFormat, number> = { png: 2 ** 22, webp: 2 ** 22, jpeg: 48 * 1024 };

/**
 * The recipe with what lies under it, where a picture of this format has room for that; else it says what was drawn
 * last.
 *
 * @param layers all of them, the recipe's own the last
 * @param say is told where there is no room
 */
export function withLayers(
  recipe: Recipe,
  layers: readonly Layer[],
  format: WrittenFormat,
  say: (sentence: string) => void,
): Recipe {
  if (layers.length < 2 && !layers[0]?.mask) return recipe;
  const same = JSON.stringify(recipe.model);
  const own = ({ model, ...layer }: Layer) => model && JSON.stringify(model) !== same ? { model, ...layer } : layer;
  const layered = { ...recipe, layers: layers.map(own) };
  const bytes = new TextEncoder().encode(recipeJson(layered)).length;
  if (layers.length <= COUNT_OF.layers && bytes <= ROOM[format]) return layered;
  say(
    `A ${format} has no room for all ${layers.length} layers of this picture: it keeps its plan, but cannot be made ` +
      `again from itself.${format === "jpeg" ? " A .png or .webp has more." : ""}`,
  );
  return recipe;
}

/**
 * The recipe of a picture that a network has enlarged since: that of the same picture drawn with `--upscale-model`.
 *
 * @returns nothing where it was enlarged so before, which settings have no word for
 */
export function enlargedRecipe(recipe: Recipe, by: PictureName): Recipe | undefined {
  if (recipe.settings.upscaleModel !== undefined) return undefined;
  const settings = readSettings({ ...recipe.settings, upscaleModel: by }, "settings.");
  const layers = recipe.layers?.map((layer, i, { length }) => i === length - 1 ? { ...layer, settings } : layer);
  return { ...recipe, settings, ...(layers ? { layers } : {}) };
}

/** A recipe's layers, each with its model; a picture that was drawn once has one. */
export function layersOf({ model, plan, settings, masks, layers }: Recipe): Layer[] {
  return (layers ?? [{ plan, settings, masks }]).map((layer) => ({ model, ...layer }));
}

/** A plan fit to be published: masks by name, notes without paths. */
export function publicPlan(plan: Plan): Plan {
  const named = withMasks(plan, (mask) => publicName(mask));
  return plan.notes ? { ...named, notes: plan.notes.map(publicText) } : named;
}

/** 16 digits of SHA-256 of a mask's file. @throws UsageError where it cannot be read */
export async function hashMask(path: string): Promise<string> {
  const bytes = await readUserFile(path, "The mask", BYTES_OF.picture);
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** The texts that a picture carries: `parameters` for other tools, the recipe for this one. */
export function recipeTexts(recipe: Recipe): Record<string, string> {
  const { model, plan, settings, version } = recipe;
  const regional = regionParameters(plan, negativeOf(plan, settings.negativePrompt), tags(settings));
  const parameters = formatParameters({
    ...regional,
    fields: {
      Steps: `${settings.steps}`,
      Sampler: samplerLabel(settings.samplingMethod),
      ...(settings.scheduler ? { "Schedule type": schedulerLabel(settings.scheduler) } : {}),
      "CFG scale": `${settings.cfgScale}`,
      Seed: `${settings.seed}`,
      Size: `${settings.width}x${settings.height}`,
      "Model hash": model.hash,
      Model: model.name,
      ...(model.vae ? { VAE: model.vae } : {}),
      ...(settings.clipSkip ? { "Clip skip": `${settings.clipSkip}` } : {}),
      ...startFields(settings),
      ...loraFields(settings),
      ...largerFields(settings),
      ...controlFields(settings),
      ...regional.fields,
      RNG: settings.rng === "cpu" ? "CPU" : "GPU",
      Version: `rpg ${version}`,
    },
  });
  return { parameters: withoutKeys(parameters), [RECIPE_KEYWORD]: recipeJson(recipe) };
}

/** LoRAs that no prompt names, as one would: other tools read them there. */
function tags({ lora = [] }: Settings): string {
  return lora.map((given) => {
    if (typeof given === "string" || typeof given.file === "string") return "";
    const { file: { name }, weight, textEncoder } = given;
    return `<lora:${name}:${textEncoder === undefined ? weight : `${textEncoder}:${weight}`}>`;
  }).filter(Boolean).join(" ");
}

/** Hashes of LoRAs, as A1111 writes them. */
function loraFields({ lora = [], tagLoras = [] }: Settings): Record<string, string> {
  const files = [...lora.map((given) => typeof given === "string" ? given : given.file), ...tagLoras];
  const hashes = files.flatMap((file) => typeof file === "string" ? [] : `${file.name}: ${file.hash.slice(0, 12)}`);
  return hashes.length ? { "Lora hashes": [...new Set(hashes)].join(", ") } : {};
}

/** What a picture started from, as A1111 writes it. */
function startFields({ initImage, strength, mask, extend, maskBlur, inpaintOnlyMasked, inpaintPadding }: Settings) {
  if (!initImage) return {};
  const masked = mask !== undefined || extend !== undefined;
  return {
    "Denoising strength": `${strength ?? startStrength(masked)}`,
    ...(masked ? { "Mask blur": `${maskBlur ?? 0}` } : {}),
    ...(inpaintOnlyMasked ? { "Inpaint area": "Only masked", "Masked area padding": `${inpaintPadding ?? 32}` } : {}),
  };
}

/** How a picture became larger, as A1111 writes it. */
function largerFields({ hiresScale, hiresSize, hiresSteps, hiresStrength, hiresUpscaler, upscaleModel }: Settings) {
  const fileName = (file: typeof upscaleModel) => typeof file === "object" ? file.name : file ?? "";
  const again = hiresScale !== undefined || hiresSize !== undefined;
  return {
    ...(again ? { "Denoising strength": `${hiresStrength ?? 0.5}` } : {}),
    ...(hiresSize ? { "Hires resize": hiresSize.join("x") } : again ? { "Hires upscale": `${hiresScale}` } : {}),
    ...(again && hiresSteps ? { "Hires steps": `${hiresSteps}` } : {}),
    ...(again ? { "Hires upscaler": fileName(hiresUpscaler ?? "lanczos") } : {}),
    ...(upscaleModel ? { "Postprocess upscaler": fileName(upscaleModel) } : {}),
  };
}

/** The pictures that steered it, as A1111's ControlNet extension writes them. */
function controlFields({ controlNets = [], guessMode, resize = "stretch" }: Settings): Record<string, string> {
  const fits = { stretch: "Just Resize", crop: "Crop and Resize", pad: "Resize and Fill" };
  return Object.fromEntries(controlNets.map((net, i) => {
    const { model, strength = 1, start = 0, end = 1, preprocess = "none", low = 100, high = 200 } = net;
    const named = typeof model === "string" ? publicName(model) : `${model.name} [${model.hash.slice(0, 8)}]`;
    const fields = {
      Module: preprocess,
      Model: named,
      Weight: strength,
      "Resize Mode": fits[resize],
      ...(preprocess === "canny" ? { "Threshold A": low, "Threshold B": high } : {}),
      "Guidance Start": start,
      "Guidance End": end,
      "Control Mode": guessMode ? "ControlNet is more important" : "Balanced",
    };
    return [`ControlNet ${i}`, Object.entries(fields).map(([label, value]) => `${label}: ${value}`).join(", ")];
  }));
}

/** Seeds beyond JavaScript's exact integers become strings. */
function recipeJson(recipe: Recipe): string {
  return JSON.stringify(recipe, (_, part) => {
    return typeof part === "bigint" ? part.toString() : typeof part === "string" ? withoutKeys(part) : part;
  });
}

/**
 * The recipe among a picture's texts, every value of it checked.
 *
 * @throws UsageError when there is none or it is damaged, PlannerError when its plan is not valid
 */
export function readRecipe(texts: Map<string, string>, name: string): Recipe {
  const text = texts.get(RECIPE_KEYWORD);
  if (text === undefined) {
    throw new UsageError(
      `${name} carries no recipe of ours (another program's picture, a sheet, or one made larger since), so it does not ` +
        "say enough to be made again.",
    );
  }
  try {
    const { version, model, layers, ...drawn } = checkObject(parseStrictJson(text), "the recipe");
    return {
      version: String(version),
      model: readModel(model),
      ...readDrawn(drawn, ""),
      ...(layers === undefined ? {} : { layers: readLayers(layers) }),
    };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof UsageError)) throw cause;
    throw new UsageError(`${name}: its settings are damaged: ${briefText(cause.message, 200)}`, { cause });
  }
}

function readDrawn({ plan, settings, masks }: Record<string, unknown>, prefix: string) {
  return {
    plan: parsePlan(plan),
    settings: readSettings(settings, `${prefix}settings.`),
    ...(masks === undefined ? {} : { masks: checkHashes(masks, `${prefix}masks`) }),
  };
}

function readLayers(values: unknown): Layer[] {
  if (!Array.isArray(values) || values.length === 0 || values.length > COUNT_OF.layers) {
    throw new UsageError(`layers must be a list of 1 to ${COUNT_OF.layers} drawings, not ${brief(values)}.`);
  }
  return values.map((value, i): Layer => {
    const { model, mask, filled, picture, ...drawn } = checkObject(value, `layers.${i}`);
    const own = picture === undefined ? undefined : checkObject(picture, `layers.${i}.picture`);
    if (own) checkHashes({ hash: own.hash }, `layers.${i}.picture`);
    if (mask !== undefined && !(typeof mask === "string" && /^[A-Za-z0-9+/]+={0,2}$/.test(mask))) {
      throw new UsageError(`layers.${i}.mask takes a PNG in base64, not ${brief(mask)}.`);
    }
    return {
      ...(model === undefined ? {} : { model: readModel(model) }),
      ...readDrawn(drawn, `layers.${i}.`),
      ...(mask === undefined ? {} : { mask: mask as string }),
      ...(filled === undefined ? {} : { filled: true }),
      ...(own ? { picture: { name: String(own.name), hash: String(own.hash) } } : {}),
    };
  });
}

/** A version before 0.1 wrote a path, too; it is not looked at. */
function readModel(value: unknown): ModelRecipe {
  const { parts, path: _, ...settings } = checkObject(value, "model");
  const checked = checkSettings(modelTable, settings, { prefix: "model.", complete: true }) as ModelRecipe;
  return parts === undefined ? checked : { ...checked, parts: checkHashes(parts, "model.parts") };
}

function checkHashes(value: unknown, name: string): Record<string, string> {
  const wrong = Object.entries(checkObject(value, name)).find(([, hash]) => !/^[0-9a-f]{8,64}$/.test(String(hash)));
  if (wrong) throw new UsageError(`${name}.${wrong[0]} takes a hash.`);
  return value as Record<string, string>;
}

function checkObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${name} must be an object, not ${brief(value)}.`);
}
