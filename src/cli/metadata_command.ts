/**
 * `metadata`: what made a picture, and `--repro`: make it again.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readUserFile } from "../files/user_file.ts";
import { parseParameters } from "../formats/parameters.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { BYTES_OF } from "../limits.ts";
import { readRecipe, RECIPE_KEYWORD } from "../recipe.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { reproduce } from "./reproduce.ts";

/** Prints the texts of a picture of any tool, or reproduces one of ours. */
export async function metadataCommand(context: Context): Promise<void> {
  const { argument: path, flags, console } = context;
  if (path === undefined) throw new UsageError("metadata needs a picture: main.ts metadata out_001.png");
  const bytes = await readUserFile(path, "The picture", BYTES_OF.picture);
  const texts = readPictureText(bytes, path);
  if (flags.repro) return await reproduce({ path, bytes, texts, recipe: readRecipe(texts, path) }, context);
  if (flags.jsonLines) throw new UsageError("metadata has one result: use --json, or --json-lines with --repro.");
  if (texts.size === 0) throw new UsageError(`${path} carries no text: it does not say what made it.`);
  if (!flags.json) {
    const parts = [...texts].map(([keyword, text]) =>
      `${keyword}:\n${keyword === RECIPE_KEYWORD ? pretty(text) : text.replace(/\r\n?/g, "\n")}`
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
