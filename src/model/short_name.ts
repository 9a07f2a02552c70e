/**
 * Models by short names: "realistic" is realisticVision_v5.safetensors in the folder of models.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { BUNDLED_MODEL } from "../assets.ts";
import { basename, join } from "../deps/path.ts";
import { didYouMean } from "../did_you_mean.ts";
import { ModelError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { dataHome } from "../files/data_home.ts";
import { kindOfFile, WEIGHTS, weightsWithin } from "./find_models.ts";

/** The folder of models that is meant where nobody names one, if it is there. */
export async function modelFolder(asked: string | undefined): Promise<string | undefined> {
  if (asked !== undefined) return asked;
  const home = dataHome();
  const usual = home === undefined ? undefined : join(home, "rpg", "models");
  return usual !== undefined && await exists(usual) ? usual : undefined;
}

/**
 * The path of the model that is meant; the bundled one is "mini". What exists, addresses and names on the hub are left
 * as they are; else the one in the folder with that name, or the only one whose name begins with it, or has it within.
 * Case and endings do not count.
 *
 * @param folder of models
 * @throws ModelError where several fit, or none does and it can be nothing else
 */
export async function modelByName(model: string, folder: string | undefined): Promise<string> {
  if (/^https?:/i.test(model) || await exists(model)) return model;
  if (plain(model) === basename(BUNDLED_MODEL)) return BUNDLED_MODEL;
  if (folder === undefined) return model;
  const { folders, files } = await weightsWithin(folder);
  const places = [...folders, ...files];
  const wanted = plain(model);
  const fits: ((path: string) => boolean)[] = [
    (path) => plain(path) === wanted,
    (path) => lastPart(path) === wanted,
    (path) => lastPart(path).startsWith(wanted),
    (path) => wanted.length > 2 && lastPart(path).includes(wanted),
  ];
  // owner/name is the hub's unless it is a path within the folder.
  const onHub = /^[\w-][\w.-]*\/[\w-]/.test(model);
  for (const fit of onHub ? fits.slice(0, 1) : fits) {
    let found = places.filter(fit);
    if (found.length > 1) found = await drawable(folder, found);
    if (found.length === 1) return join(folder, found[0]);
    if (found.length > 1) {
      throw new ModelError(`"${model}" may be ${briefText(found.join(", "), 300)} in ${folder}: say more of the name.`);
    }
  }
  if (onHub || /[\\/]/.test(model)) return model;
  const hint = didYouMean(model, places.map((path) => path.replace(/^.*\//, "").replace(WEIGHTS, "")));
  throw new ModelError(
    `There is no model ${briefText(model)}, neither here nor in ${folder}.${hint} main.ts models lists what there is.`,
  );
}

/** Those of several that are models, rather than what goes with one. */
async function drawable(folder: string, paths: readonly string[]): Promise<string[]> {
  const kinds = await Promise.all(paths.map((path) => WEIGHTS.test(path) ? kindOfFile(join(folder, path)) : "model"));
  return paths.filter((_, i) => kinds[i] === "model" || kinds[i] === "unet");
}

function plain(path: string): string {
  return path.replace(WEIGHTS, "").replaceAll("\\", "/").toLowerCase();
}

function lastPart(path: string): string {
  return plain(path).split("/").pop()!;
}
