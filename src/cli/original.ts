/**
 * The picture that is edited: its file, and what that says of itself.
 *
 * @module
 */
import type { Round } from "../edit.ts";
import { readUserFile } from "../files/user_file.ts";
import type { WrittenFormat } from "../formats/encode_picture.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { BYTES_OF } from "../limits.ts";
import { type PictureName, sha256 } from "../picture/input.ts";
import type { Picture } from "../picture/picture.ts";
import { readPicture } from "../picture/read_picture.ts";
import { parsePlan } from "../plan/parse_plan.ts";
import type { Plan } from "../plan/plan.ts";
import {
  layersOf,
  makeRecipe,
  type ModelRecipe,
  readRecipe,
  type Recipe,
  RECIPE_KEYWORD,
  withLayers,
} from "../recipe.ts";
import { publicName } from "../secrets.ts";
import { type Describe, layersOfRounds, takenIn } from "./layers.ts";

/** What is known of it. */
export interface Original extends PictureName {
  picture: Picture;
  texts: Map<string, string>;
  recipe?: Recipe;
  /** The recipe's; regions' masks are files that may not be here, so their cells stand for them. */
  plan?: Plan;
}

/** Reads it. @param say is told what it carries and what it loses */
export async function readOriginal(path: string, say: (sentence: string) => void): Promise<Original> {
  const bytes = await readUserFile(path, "The picture", BYTES_OF.picture);
  const picture = await readPicture(bytes, `The picture ${path}`);
  const texts = readPictureText(bytes, path);
  const recipe = recipeIn(texts, path, say);
  const plan = recipe && withoutMasks(recipe.plan);
  if (plan) say(`The picture carries its plan: ${plan.prompt}`);
  if (picture.data.some((value, i) => i % 4 === 3 && value < 255)) {
    say("The picture is transparent in parts; models know no transparency, so it lies on white.");
  }
  return { name: publicName(path), hash: await sha256(bytes), picture, texts, recipe, plan };
}

/** The recipe that a picture carries, if any. @param say is told of one that cannot be read */
export function recipeIn(
  texts: Map<string, string>,
  path: string,
  say: (sentence: string) => void,
): Recipe | undefined {
  if (!texts.has(RECIPE_KEYWORD)) return undefined;
  try {
    return readRecipe(texts, path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    say(`The picture's own plan cannot be read, so this goes on without: ${error.message}`);
  }
}

function withoutMasks(plan: Plan): Plan {
  return parsePlan(JSON.parse(JSON.stringify(plan, (key, value) => key === "mask" ? undefined : value)));
}

/**
 * All layers: what the picture was made of, where it says, and the repaints that were taken, of which there is at least
 * one.
 */
export async function recipeOfEdit(
  rounds: readonly Round[],
  model: ModelRecipe,
  { recipe, name, hash }: Original,
  format: WrittenFormat,
  say: (sentence: string) => void,
): Promise<Recipe> {
  const describe: Describe = (result) => makeRecipe(model, result.plan, result.settings);
  const [first, ...others] = await layersOfRounds([], rounds, describe);
  const last = takenIn(rounds).at(-1)!;
  const layers = [...recipe ? layersOf(recipe) : [], { ...first, picture: { name, hash } }, ...others];
  return withLayers(await describe(last.result), layers, format, say);
}
