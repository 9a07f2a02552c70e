/**
 * `metadata`: what made a picture, and `--repro`: make it again.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { checkNewFile } from "../files/new_file.ts";
import { readUserFile } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { parseParameters } from "../formats/parameters.ts";
import { readPngText } from "../formats/png_text.ts";
import { prepare } from "../pipeline/prepare.ts";
import { type Context, json } from "./command.ts";
import { drawToFile } from "./draw.ts";
import { openModel } from "./open_model.ts";
import { readRecipe, type Recipe, RECIPE_KEYWORD } from "../recipe.ts";

/** Prints the texts of a PNG of any tool, or reproduces one of ours. */
export async function metadataCommand(context: Context): Promise<void> {
  const { argument: path, flags, console } = context;
  if (path === undefined) throw new UsageError("metadata needs a picture: main.ts metadata out_001.png");
  const texts = readPngText(await readUserFile(path, "The picture", BYTES_OF.picture), path);
  if (flags.repro) return await reproduce(readRecipe(texts, path), context);
  if (texts.size === 0) throw new UsageError(`${path} carries no text: it does not say what made it.`);
  if (!flags.json) {
    const parts = [...texts].map(([keyword, text]) =>
      `${keyword}:\n${keyword === RECIPE_KEYWORD ? pretty(text) : text}`
    );
    return console.result(parts.join("\n\n"));
  }
  const parameters = texts.get("parameters");
  console.result(json({
    path,
    ...(parameters === undefined ? {} : { parameters: parseParameters(parameters) }),
    ...(texts.has(RECIPE_KEYWORD) ? { recipe: readRecipe(texts, path) } : {}),
    texts: Object.fromEntries(texts),
  }));
}

function pretty(text: string): string {
  try {
    return json(JSON.parse(text));
  } catch {
    return text;
  }
}

async function reproduce(recipe: Recipe, context: Context): Promise<void> {
  const { flags, console } = context;
  const output = { pattern: flags.output ?? "out_%03d.png", force: flags.force };
  await checkNewFile(output);
  const { name, hash, type, ...choice } = recipe.model;
  const opened = await openModel({ ...choice, path: flags.model ?? choice.path }, type, context);
  try {
    if (opened.recipe.hash !== hash) {
      const found = `the weights at hand have the hash ${opened.recipe.hash}`;
      throw new ModelError(
        `The picture was made with ${name} (hash ${hash}), but ${found}. Name the right file with -m.`,
      );
    }
    // Where the model lies now is no part of the picture: the text stays as it was.
    opened.recipe = recipe.model;
    const drawing = await prepare(opened.model, { plan: recipe.plan, ...recipe.settings });
    const report = await drawToFile(opened, drawing, output, context);
    console.result(flags.json ? json(report) : `${report.path}  seed ${report.seed}`);
  } finally {
    opened.model.close();
  }
}
