/**
 * `metadata --repro`: make a picture again from its own recipe, and say whether it is the same.
 *
 * @module
 */
import { basename, dirname, extname, join } from "../deps/path.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { formatOf } from "../formats/encode_picture.ts";
import { findModel, isModel } from "../model/find_model.ts";
import { modelByName, modelFolder } from "../model/short_name.ts";
import { differingParts } from "../model/identity.ts";
import { pictureHeader } from "../picture/picture_size.ts";
import { prepare } from "../pipeline/prepare.ts";
import { type Plan, regionsOf, withMasks } from "../plan/plan.ts";
import { describeModel, hashMask, type ModelRecipe, type Recipe, type Repainted } from "../recipe.ts";
import { publicName } from "../secrets.ts";
import type { AdapterShelf } from "../adapter/shelf.ts";
import type { FlagValues, Settings } from "../settings.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { drawToFile } from "./draw.ts";
import { findPictures } from "./find_pictures.ts";
import { loadWeights, type ModelChoice, openModel } from "./open_model.ts";
import { outputOf } from "./output.ts";
import { followed } from "./trace_file.ts";

/** A picture that says what made it. */
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
  const { flags, console, signal } = context;
  const { recipe, path, bytes, texts } = original;
  const format = pictureHeader(bytes)!.format;
  const extension = formatOf(path) === format && extname(path) ? extname(path) : `.${format}`;
  const output = await outputOf(flags, 1, `out_%03d${extension}`);
  if (output.format !== format) {
    throw new UsageError(`${path} is a ${format}, so the identical file is one, too: choose another name for -o.`);
  }
  if (recipe.repainted) throw new UsageError(whyNot(basename(path), recipe.repainted));
  const plan = await findMasks(recipe, dirname(path));
  let opened = await openModel(await chooseModel(recipe.model, dirname(path), context), context);
  try {
    await using _trace = await followed(opened.model.device, context);
    const found = await describeModel(opened.model, recipe.model.fullHash, signal);
    const others = compareModels(recipe.model, found);
    const pictures = await findPictures(recipe.settings, flags, dirname(path));
    await addLoras(opened.model.adapters, recipe.settings, flags, dirname(path));
    const drawing = await prepare(opened.model, { ...recipe.settings, ...pictures, plan });
    for (const warning of drawing.warnings) console.say(warning);
    opened.model.adapt(drawing.loras.whole);
    opened = await loadWeights(opened, context);
    const report = await drawToFile(opened, drawing, output, flags.noMetadata ? undefined : texts, context);
    const identical = same(bytes, await Deno.readFile(report.path));
    console.event("saved", { ...report, model: recipe.model, identical });
    console.result(
      flags.json ? json({ ...report, model: recipe.model, identical }) : `${report.path}  seed ${report.seed}`,
    );
    if (identical) console.say(`It is the same as ${basename(path)}, byte by byte.`);
    if (!identical && !flags.noMetadata) throw new ModelError(whyDifferent(original, report.path, others));
  } finally {
    opened.model.close();
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
async function findMasks({ plan, masks = {} }: Recipe, folder: string): Promise<Plan> {
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

/** What it takes to come to a picture again that was painted over. */
function whyNot(path: string, { repaints, picture, seed }: Repainted): string {
  const times = repaints === 1 ? "once" : `${repaints} times`;
  return `${path} was painted over in parts, ${times}, each time from a picture that no file holds, so that it cannot be made ` +
    "from its own recipe. " +
    (picture
      ? `Edit ${picture.name} (SHA-256 ${picture.hash.slice(0, 16)}…) again: with the same flags, or with --edit and ` +
        "the file that --save-edit wrote."
      : `Draw its prompt again with --seed ${seed} and the same --rounds, --best-of and --judge.`);
}

function whyDifferent({ path, recipe }: Original, made: string, others: string[]): string {
  const reason = others.length
    ? `its model differs in ${others.join(" and ")}`
    : `another device, driver or version (it was made by ${recipe.version}) draws otherwise, or the file was changed`;
  return `${made} is not the same as ${basename(path)}: ${reason}.`;
}
