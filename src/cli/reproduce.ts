/**
 * `metadata --repro`: make a picture again from its own recipe, and say whether it is the same.
 *
 * @module
 */
import { basename, dirname, extname, join } from "../deps/path.ts";
import { briefText } from "../brief.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { writeSomewhere } from "../files/new_file.ts";
import { encodePicture, formatOf } from "../formats/encode_picture.ts";
import { addedTimings, draw, type ImageResult, toEnd } from "../generate.ts";
import { type Device, openDevice } from "../gpu/device.ts";
import { findModel, isModel } from "../model/find_model.ts";
import { modelByName, modelFolder } from "../model/short_name.ts";
import { differingParts } from "../model/identity.ts";
import { pictureHeader } from "../picture/picture_size.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import type { Model } from "../pipeline/model.ts";
import { prepare } from "../pipeline/prepare.ts";
import { type Plan, regionsOf, withMasks } from "../plan/plan.ts";
import { describeModel, hashMask, layersOf, type ModelRecipe, type Recipe } from "../recipe.ts";
import { publicName } from "../secrets.ts";
import type { AdapterShelf } from "../adapter/shelf.ts";
import type { FlagValues, PictureOptions, Settings } from "../settings.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { drawToFile } from "./draw.ts";
import { findPictures } from "./find_pictures.ts";
import { beginningOf, underLayer } from "./layers.ts";
import { loadWeights, type ModelChoice, type OpenedModel, openModel } from "./open_model.ts";
import { type Output, outputOf } from "./output.ts";
import { type Timings, timingsTable } from "./timings.ts";
import { followed } from "./trace_file.ts";

/** The picture that is made again, which says what made it. */
export interface Original {
  path: string;
  bytes: Uint8Array;
  texts: Map<string, string>;
  recipe: Recipe;
}

/**
 * Draws the picture again, with the text that the original carries.
 *
 * @throws ModelError where the model is not at hand, or the result is another picture
 */
export async function reproduce(original: Original, context: Context): Promise<void> {
  const { flags, console } = context;
  const { recipe, path, bytes } = original;
  const format = pictureHeader(bytes)!.format;
  const extension = formatOf(path) === format && extname(path) ? extname(path) : `.${format}`;
  const output = await outputOf(flags, 1, `out_%03d${extension}`);
  if (output.format !== format) {
    throw new UsageError(`${path} is a ${format}, so the identical file is one, too: choose another name for -o.`);
  }
  const report = recipe.layers
    ? await redrawLayers(original, output, context)
    : await redraw(original, output, context);
  const { others, ...said } = { ...report, model: recipe.model };
  const identical = same(bytes, await Deno.readFile(report.path));
  console.event("saved", { ...said, identical });
  console.result(flags.json ? json({ ...said, identical }) : `${report.path}  seed ${report.seed}`);
  if (identical) console.say(`It is the same as ${basename(path)}, byte by byte.`);
  if (!identical && !flags.noMetadata) throw new ModelError(whyDifferent(original, report.path, others));
}

/** What came of it. */
interface Redrawn {
  path: string;
  seed: number | bigint;
  timings: Timings;
  /** The parts of less weight in which its model differs. */
  others: string[];
}

/** A picture that was drawn once. */
async function redraw({ recipe, path, bytes, texts }: Original, output: Output, context: Context): Promise<Redrawn> {
  const { flags, console } = context;
  const reopened = new Reopened(dirname(path), context);
  try {
    const { opened, others } = await reopened.open(recipe.model);
    await using _trace = await followed(opened.model.device, context);
    const drawing = await reopened.prepare(opened.model, recipe, wasCut(bytes, recipe.settings) ? unsized : {});
    for (const warning of drawing.warnings) console.say(warning);
    opened.model.adapt(drawing.loras.whole);
    const loaded = await loadWeights(opened, context);
    return { ...await drawToFile(loaded, drawing, output, flags.noMetadata ? undefined : texts, context), others };
  } finally {
    reopened.close();
  }
}

/** One that was painted over in parts: each layer over the one before. */
async function redrawLayers(
  { recipe, path, bytes, texts }: Original,
  output: Output,
  context: Context,
): Promise<Redrawn> {
  const { flags: { noMetadata, initImage, timings: shown }, console, signal } = context;
  const started = performance.now();
  const layers = layersOf(recipe);
  let { from, picture } = await beginningOf(layers, path, initImage as string | undefined);
  const differing = new Set<string>();
  const warned = new Set<string>();
  let timings: ImageResult["timings"] = { encode: 0, compile: 0, steps: [], decode: 0 };
  let load = 0;
  using device = await openDevice(context.flags.device); // one for all layers, whatever their models
  const reopened = new Reopened(dirname(path), context, device);
  try {
    await using _trace = await followed(device, context);
    for (; from < layers.length; from++) {
      const layer = layers[from];
      const { opened, others } = await reopened.open(layer.model!);
      others.forEach((other) => differing.add(other));
      console.say(`Layer ${from + 1} of ${layers.length}: ${briefText(layer.plan.prompt, 100)}`);
      const cut = layer.mask !== undefined || wasCut(bytes, layer.settings) ? unsized : {};
      const under = layer.mask === undefined ? cut : { ...cut, ...await underLayer(layer, picture, from) };
      const drawing = await reopened.prepare(opened.model, layer, under);
      for (const warning of drawing.warnings) if (!warned.has(warning)) console.say(warning);
      drawing.warnings.forEach((warning) => warned.add(warning));
      opened.model.adapt(drawing.loras.whole);
      load += (await loadWeights({ ...opened, seconds: 0 }, context)).seconds;
      const result = await toEnd(draw(opened.model, drawing, signal), console.progress.step);
      picture = result.image;
      timings = addedTimings(timings, result.timings);
    }
    const writing = performance.now();
    const file = await encodePicture(output.format, picture!, noMetadata ? undefined : Object.fromEntries(texts));
    const written = await writeSomewhere(output, file, console.complain, 1);
    const [write, total] = [writing, started].map((since) => (performance.now() - since) / 1000);
    const spent = { load: load + reopened.seconds, ...timings, write, total };
    if (shown) console.say(timingsTable(spent));
    return { path: written, seed: recipe.settings.seed, timings: spent, others: [...differing] };
  } finally {
    reopened.close();
  }
}

/** Nobody asked for a size, so that what is no multiple of what the networks see keeps its pixels. */
const unsized = { width: undefined, height: undefined };

/**
 * Whether a picture that was painted over in parts is smaller than what was drawn, whole times enlarged where a network
 * did so in the end: then it had its own size. Where only a mask's surroundings were drawn that says nothing.
 */
function wasCut(bytes: Uint8Array, { width, height, mask, extend, inpaintOnlyMasked }: Settings): boolean {
  const size = pictureHeader(bytes)!;
  // Networks enlarge by powers of two; what was cut off is less than a picture's half.
  const scale = 2 ** Math.max(0, Math.round(Math.log2(Math.max(size.width / width, size.height / height))));
  return !inpaintOnlyMasked && (mask ?? extend) !== undefined &&
    (size.width < width * scale || size.height < height * scale);
}

/** Models of recipes, opened where they are now, one at a time. */
class Reopened {
  /** Seconds spent on opening them. */
  seconds = 0;
  #last?: { key: string; opened: OpenedModel; others: string[] };

  /**
   * @param folder where the picture lies: files that a recipe names may be there
   * @param device for all of them; absent: each has its own
   */
  constructor(
    private readonly folder: string,
    private readonly context: Context,
    private readonly device?: Device,
  ) {}

  /**
   * @returns the model, and its parts that do not decide by themselves whether it is the same
   * @throws ModelError where it is not at hand
   */
  async open(made: ModelRecipe): Promise<{ opened: OpenedModel; others: string[] }> {
    const { folder, context, device } = this;
    const key = JSON.stringify(made);
    if (this.#last?.key === key) return this.#last;
    this.close();
    const opened = await openModel(await chooseModel(made, folder, context), context, device);
    this.seconds += opened.seconds;
    this.#last = { key, opened, others: [] };
    this.#last.others = compareModels(made, await describeModel(opened.model, made.fullHash, context.signal));
    return this.#last;
  }

  /** A drawing of a recipe. @param under what it begins with, instead of the pictures that the settings name */
  async prepare(
    model: Model,
    { plan, settings, masks }: Pick<Recipe, "plan" | "settings" | "masks">,
    under: PictureOptions = {},
  ): Promise<Drawing> {
    const { folder, context: { flags } } = this;
    const named = Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in under))) as Settings;
    const pictures = await findPictures(named, flags, folder, model.checkpoint.path);
    await addLoras(model.adapters, settings, flags, folder);
    return await prepare(model, { ...settings, ...pictures, ...under, plan: await findMasks({ plan, masks }, folder) });
  }

  close(): void {
    this.#last?.opened.model.close();
    this.#last = undefined;
  }
}

/** Which model, where it is now. What a recipe says of its place is never followed. */
async function chooseModel(made: ModelRecipe, folder: string, { flags }: Context): Promise<ModelChoice> {
  const { type, preset, prediction, zsnr } = made;
  const shelf = await modelFolder(flags.modelDir);
  const asked = flags.model === undefined ? undefined : await modelByName(flags.model, shelf);
  const model = asked !== undefined && (isAddress(asked) || await isModel(asked))
    ? asked
    : await findModel(made, asked, shelf === undefined ? [] : [shelf]);
  const folders = [folder, ".", dirname(model), ...(asked === undefined ? [] : [asked])];
  const unet = made.unet === undefined
    ? undefined
    : flags.unet ?? await findNamed(made.unet, folders, "UNet", "--unet");
  const vae = made.vae === undefined ? undefined : flags.vae ?? await findNamed(made.vae, folders, "VAE", "--vae");
  const embeddings = made.embeddings === undefined
    ? undefined
    : flags.embeddings ?? await findNamed(made.embeddings, folders, "embeddings", "--embeddings");
  return { model, type, preset, prediction, zsnr, unet, vae, embeddings };
}

function isAddress(model: string): boolean {
  return /^https?:\/\//i.test(model);
}

async function findNamed(name: string, folders: string[], what: string, flag: string): Promise<string> {
  for (const folder of folders) {
    if (await exists(join(folder, publicName(name)))) return join(folder, publicName(name));
  }
  throw new ModelError(`The picture was made with the ${what} ${name}, which is not at hand. Say where with ${flag}.`);
}

/**
 * @returns the parts that do not decide by themselves whether it is the same model
 * @throws ModelError where weights differ
 */
function compareModels(made: ModelRecipe, found: ModelRecipe): string[] {
  const differing = made.parts && found.parts ? differingParts(made.parts, found.parts) : [];
  const weights = differing.filter((name) => /^(unet|vae|text_encoder|embeddings)/.test(name));
  if (weights.length || made.hash !== found.hash && !made.parts) {
    const hashes = (recipe: ModelRecipe) => weights.map((name) => recipe.parts![name]).join(", ") || recipe.hash;
    throw new ModelError(
      `The picture was made with ${made.name}, but ${found.name} has another ${weights.join(", ") || "unet"} (hash ${
        hashes(found)
      }, not ${hashes(made)}). Name the right model with -m.`,
    );
  }
  return differing;
}

/** The masks by their names, beside the picture or in the working folder, if they are still the same. */
async function findMasks({ plan, masks = {} }: Pick<Recipe, "plan" | "masks">, folder: string): Promise<Plan> {
  const places: string[] = [];
  for (const [i, { mask }] of regionsOf(plan).entries()) {
    if (mask === undefined) continue;
    const candidates = [join(folder, publicName(mask)), publicName(mask)];
    for (const candidate of candidates) {
      if (!await exists(candidate)) continue;
      if (masks[i + 1] !== undefined && await hashMask(candidate) !== masks[i + 1]) continue;
      places[i] = candidate;
      break;
    }
    if (places[i] === undefined) {
      throw new UsageError(
        `Region ${i + 1} has the mask ${publicName(mask)}${masks[i + 1] ? ` (hash ${masks[i + 1]})` : ""}, ` +
          "which is neither beside the picture nor in this folder. Put it there.",
      );
    }
  }
  return withMasks(plan, (_, region) => places[region - 1]);
}

/**
 * LoRAs lie where flags say, beside the picture, or where the model's are. Their hashes are compared when they are
 * opened.
 */
async function addLoras(shelf: AdapterShelf, settings: Settings, flags: FlagValues, folder: string): Promise<void> {
  const named = [
    ...(settings.lora ?? []).map((lora) => typeof lora === "string" ? lora : lora.file),
    ...settings.tagLoras ?? [],
  ];
  for (const file of named) {
    if (typeof file === "string") throw new UsageError("A LoRA of the recipe has no hash.");
    for (const place of [folder, "."]) {
      const path = join(place, `${publicName(file.name)}.safetensors`);
      if (await exists(path)) shelf.add(path);
    }
  }
  for (const lora of flags.lora ?? []) {
    if (typeof lora !== "string" && typeof lora.file === "string") shelf.add(lora.file);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function whyDifferent({ path, recipe }: Original, made: string, others: string[]): string {
  const reason = others.length
    ? `its model differs in ${others.join(" and ")}`
    : `another device, driver or version (it was made by ${recipe.version}) draws otherwise, or the file was changed`;
  return `${made} is not the same as ${basename(path)}: ${reason}.`;
}
