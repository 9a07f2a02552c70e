/**
 * Find a model again by what is in it, in the folders that the program knows. Nothing is downloaded.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { hubCache } from "../hub/hub.ts";
import { COUNT_OF } from "../limits.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { knownModels } from "./known_models.ts";
import { modelHash } from "./model_hash.ts";

/**
 * Where the model with this hash lies: a path for `openCheckpoint`.
 *
 * @param hash see `modelHash`
 * @param folder a folder of models to look into; else the bundled model and the hub's cache
 * @param name of the model, for messages
 * @throws ModelError where it is nowhere, saying where it was looked for
 */
export async function findModel(hash: string, name: string, folder?: string): Promise<string> {
  const cache = hubCache((variable) => readable(variable) ? Deno.env.get(variable) : undefined);
  const places = folder === undefined ? [...await modelsIn(cache, 4)] : [...await modelsIn(folder, 2)];
  if (folder === undefined) places.unshift(BUNDLED_MODEL, ...await knownModels());
  for (const place of places) {
    if (await hashOf(place) === hash) return place;
  }
  const looked = folder ?? `the bundled model, those drawn with before and the hub's cache (${cache})`;
  throw new ModelError(
    `The picture was made with ${name} (hash ${hash}), which is not among ${looked}. Name its file or folder with -m.`,
  );
}

/** Whether a path is a model by itself, rather than a folder in which models lie. */
export async function isModel(path: string): Promise<boolean> {
  if (!await isFolder(path)) return true;
  for (const sign of ["model_index.json", "unet", "transformer"]) {
    if (await exists(join(path, sign))) return true;
  }
  return false;
}

/** Model files and diffusers folders, `depth` levels deep. */
async function modelsIn(folder: string, depth: number): Promise<string[]> {
  if (!await isFolder(folder)) return [];
  const found: string[] = [];
  let looked = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (++looked > COUNT_OF.files) break;
    const path = join(folder, name);
    if (isDirectory) {
      if (await isModel(path)) found.push(path);
      else if (depth > 1) found.push(...await modelsIn(path, depth - 1));
    } else if (/\.(safetensors|ckpt)$/i.test(name)) found.push(path);
  }
  return found.sort();
}

/** The hash of the file that holds the UNet; undefined for what is no model. */
async function hashOf(place: string): Promise<string | undefined> {
  try {
    if (!await isFolder(place)) return await modelHash(place);
    const checkpoint = await openCheckpoint(place);
    try {
      const [first] = checkpoint.unet.source.tensors.values();
      return await modelHash(first.file);
    } finally {
      checkpoint.close();
    }
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

function readable(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
