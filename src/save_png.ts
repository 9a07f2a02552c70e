/**
 * A picture with everything that made it: as bytes, and on the disk.
 *
 * @module
 */
import type { ImageResult } from "./generate.ts";
import { writeNewFile } from "./files/new_file.ts";
import { encodePng } from "./formats/png.ts";
import type { Model } from "./pipeline/model.ts";
import { describeModel, makeRecipe, type ModelChoice, recipeTexts } from "./recipe.ts";

/**
 * A result as the bytes of a PNG. It carries the `parameters` text that other tools read and, as JSON, all that this program
 * needs to make the identical file again (`main.ts metadata picture.png --repro`).
 *
 * @param model the one that drew the picture
 * @param choice how the model was loaded where that was not by default
 * @throws ModelError when the model's file is no longer there to be named
 */
export async function pngOf(result: ImageResult, model: Model, choice: ModelChoice = {}): Promise<Uint8Array> {
  const recipe = await describeModel(model, { path: model.checkpoint.path, ...choice });
  return encodePng(result.image, recipeTexts(makeRecipe(recipe, result.plan, result.settings)));
}

/**
 * Write a result as PNG, as {@linkcode pngOf} gives it.
 *
 * @param path may hold a running number, such as out_%03d.png
 * @param model the one that drew the picture
 * @param options `force` replaces a file that is there; the rest says how the model was loaded where that was not by default
 * @returns the path written
 * @throws UsageError when the file is there already or cannot be written
 */
export async function savePng(
  path: string,
  result: ImageResult,
  model: Model,
  options: ModelChoice & { force?: boolean } = {},
): Promise<string> {
  const { force, ...choice } = options;
  return await writeNewFile({ pattern: path, force }, await pngOf(result, model, choice));
}
