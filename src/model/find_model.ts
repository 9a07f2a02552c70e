/**
 * Find a model again by what is in it, in the folders that the program knows. Nothing is downloaded.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists, isFolder } from "../files/byte_file.ts";
import { granted } from "../files/environment.ts";
import { hubCache } from "../hub/hub.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { MODEL_FILE, weightsWithin } from "./find_models.ts";
import { knownModels } from "./known_models.ts";
import { differingParts, identify, type Identity } from "./identity.ts";
import { modelHash } from "./model_hash.ts";

/** What is known of a model that is looked for. */
export interface Wanted extends Pick<Identity, "hash"> {
  /** For messages. */
  name: string;
  /** Of models with the same UNet, the one that shares most of these is taken. */
  parts?: Identity["parts"];
  /** The parts' hashes are of all bytes. */
  fullHash?: boolean;
}

/**
 * Where a model lies: a path for `openCheckpoint`.
 *
 * @param folder a folder of models to look into; else the bundled model, those drawn with before, those in `further`
 *   and the hub's cache
 * @throws ModelError where it is nowhere, saying where it was looked for
 */
export async function findModel(
  { hash, name, parts, fullHash }: Wanted,
  folder?: string,
  further: readonly string[] = [],
): Promise<string> {
  const cache = hubCache(granted);
  const folders = folder === undefined ? [...further, cache] : [folder];
  const places = (await Promise.all(folders.map(modelsIn))).flat();
  if (folder === undefined) places.unshift(BUNDLED_MODEL, ...await knownModels());
  let nearest: { place: string; differing: number } | undefined;
  for (const place of places) {
    if (await hashOfModel(place) !== hash) continue;
    const found = parts && await partsOf(place, fullHash);
    const differing = parts && (found ? differingParts(parts, found) : Object.keys(parts)).length;
    if (!differing) return place;
    if (!nearest || differing < nearest.differing) nearest = { place, differing };
  }
  if (nearest) return nearest.place;
  const looked = folder ?? `the bundled model, those drawn with before and the hub's cache (${cache})`;
  throw new ModelError(
    `The picture was made with ${name} (hash ${hash}), which is not among ${looked}. Name its file or folder with -m.`,
  );
}

/** Whether a path is a model by itself, rather than a folder in which models lie. */
export async function isModel(path: string): Promise<boolean> {
  if (!await isFolder(path).catch(() => false)) return true;
  for (const sign of ["model_index.json", "unet", "transformer"]) {
    if (await exists(join(path, sign))) return true;
  }
  return false;
}

/** Model files and diffusers folders, as paths. */
async function modelsIn(folder: string): Promise<string[]> {
  if (!await isFolder(folder).catch(() => false)) return [];
  const { folders, files } = await weightsWithin(folder);
  return [...folders, ...files.filter((file) => MODEL_FILE.test(file))].map((path) => join(folder, path));
}

/** The hash of the file that holds the UNet; undefined for what is no model. */
async function hashOfModel(place: string): Promise<string | undefined> {
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

/** The hashes of a model's parts; undefined where it cannot be opened by itself. */
async function partsOf(place: string, full?: boolean): Promise<Identity["parts"] | undefined> {
  try {
    const checkpoint = await openCheckpoint(place);
    return await identify(checkpoint, full).then(({ parts }) => parts).finally(() => checkpoint.close());
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
