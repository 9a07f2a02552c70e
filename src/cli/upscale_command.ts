/**
 * `upscale`: a picture enlarged by a network.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { UsageError } from "../errors.ts";
import { readUserFile } from "../files/user_file.ts";
import { writeSomewhere } from "../files/new_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { formatParameters, type Parameters, parseParameters } from "../formats/parameters.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { BYTES_OF } from "../limits.ts";
import type { Precision } from "../gpu/device.ts";
import type { PictureName } from "../picture/input.ts";
import { pictureHeader } from "../picture/picture_size.ts";
import { readPicture } from "../picture/read_picture.ts";
import { nameOf } from "../pipeline/larger.ts";
import { Upscaler } from "../pipeline/upscaler.ts";
import { storageOf } from "../pipeline/weight_type.ts";
import { enlargedRecipe, layersOf, type Recipe, recipeTexts, withLayers } from "../recipe.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { recipeIn } from "./original.ts";
import { outputOf } from "./output.ts";

/** Enlarges a picture and says where it is. What made it is kept in it, with the enlarging added. */
export async function upscaleCommand(context: Context): Promise<void> {
  const { argument, flags, console, signal } = context;
  if (argument === undefined) throw new UsageError("upscale needs a picture: main.ts upscale IMG --upscale-model FILE");
  const { upscaleModel } = flags;
  if (typeof upscaleModel !== "string") {
    throw new UsageError("upscale needs a network: name its file with --upscale-model.");
  }
  const { keep } = storageOf(flags.type);
  if (keep && keep !== "file") throw new UsageError(`upscale takes --type f16 or f32, not ${keep}.`);
  const output = await outputOf(flags, 1, "upscaled_%03d.png");
  const bytes = await readUserFile(argument, "The picture", BYTES_OF.picture);
  const picture = await readPicture(bytes, `The picture ${argument}`);
  const texts = flags.noMetadata ? undefined : readPictureText(bytes, argument);
  const recipe = texts && recipeIn(texts, argument, console.say);
  const type = storageOf(flags.type ?? recipe?.model.type).precision;
  using upscaler = await Upscaler.open(upscaleModel, { device: flags.device, type });
  console.progress.stage(`Enlarging ${upscaler.scale}×`);
  let last = performance.now();
  const image = await upscaler.upscale(picture, {
    signal,
    onProgress(step, steps) {
      const now = performance.now();
      console.progress.step({ step, steps, seconds: (now - last) / 1000 });
      last = now;
    },
  });
  const by = await nameOf(upscaleModel);
  const kept = recipe && recipeOf(recipe, by, type, bytes);
  if (typeof kept === "string") console.say(`${kept}: the larger picture says what made it, but not all it takes.`);
  const said = texts && {
    ...(typeof kept === "object" ? recipeTexts(withLayers(kept, layersOf(kept), output.format, console.say)) : {}),
    parameters: enlargedParameters(texts.get("parameters"), `${upscaler.scale}`, by.name),
  };
  const file = await encodePicture(output.format, image, said);
  const path = await writeSomewhere(output, file, console.complain);
  const report = { path, width: image.width, height: image.height, scale: upscaler.scale };
  console.event("saved", report);
  console.result(flags.json ? json(report) : path);
}

/** The recipe of the larger picture, or why there is none. */
function recipeOf(recipe: Recipe, by: PictureName, type: Precision, bytes: Uint8Array): Recipe | string {
  const { format } = pictureHeader(bytes)!;
  if (format !== "png") return `A ${format} does not have the very pixels that were drawn`;
  if (storageOf(recipe.model.type).precision !== type) return `It was drawn with --type ${recipe.model.type}`;
  return enlargedRecipe(recipe, by) ?? "It was enlarged before";
}

/** With the fields of AUTOMATIC1111's extras; a third where they are alone, since tools take fewer for no such line. */
function enlargedParameters(made: string | undefined, scale: string, upscaler: string): string {
  const { fields, ...prompts } = parseParameters(made ?? "");
  const by = { "Postprocess upscale by": scale, "Postprocess upscaler": upscaler };
  const alone: Parameters["fields"] = made === undefined ? { Version: `rpg ${manifest.version}` } : {};
  return formatParameters({ ...prompts, fields: { ...fields, ...by, ...alone } });
}
