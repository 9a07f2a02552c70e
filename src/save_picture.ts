/**
 * Pictures as files that carry what made them.
 *
 * @module
 */
import type { ImageResult } from "./generate.ts";
import { writeNewFile } from "./files/new_file.ts";
import { encodePicture, formatOf, type WrittenFormat } from "./formats/encode_picture.ts";
import type { Model } from "./pipeline/model.ts";
import { describeModel, makeRecipe, recipeTexts } from "./recipe.ts";

/** How a picture is written. */
export interface SaveOptions {
  /** Write nothing of how it was made. */
  noMetadata?: boolean;
  /** Hash all bytes of the model for the metadata, not samples of each file. */
  fullHash?: boolean;
}

/**
 * A result as the bytes of a file. They carry the `parameters` text that other tools read and, as JSON, all that this
 * program needs to make the identical file again (`main.ts metadata picture.png --repro`); names and hashes, no paths.
 *
 * @param model the one that drew the picture
 * @param options with the `format`, PNG by default
 * @throws ModelError when the model's files are no longer there to be named
 */
export async function pictureBytes(
  result: ImageResult,
  model: Model,
  { format = "png", noMetadata, fullHash }: SaveOptions & { format?: WrittenFormat } = {},
): Promise<Uint8Array> {
  if (noMetadata) return await encodePicture(format, result.image);
  const recipe = await makeRecipe(await describeModel(model, fullHash), result.plan, result.settings);
  return await encodePicture(format, result.image, recipeTexts(recipe));
}

/**
 * Write a result as the PNG, JPEG or WebP that the name asks for.
 *
 * @param path may hold a running number, such as out_%03d.png; missing folders are made
 * @param model the one that drew the picture
 * @param options `force` replaces a file that is there
 * @returns the path written
 * @throws UsageError when the file is there already or cannot be written
 */
export async function savePicture(
  path: string,
  result: ImageResult,
  model: Model,
  { force, ...options }: SaveOptions & { force?: boolean } = {},
): Promise<string> {
  const bytes = await pictureBytes(result, model, { ...options, format: formatOf(path) });
  return await writeNewFile({ pattern: path, force }, bytes);
}
