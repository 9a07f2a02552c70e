/**
 * What lies in folders of models, told by headers alone.
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { RpgError } from "../errors.ts";
import { filesWithin } from "../files/byte_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { modelName, openCheckpoint } from "./checkpoint.ts";
import { familyOf } from "./family_of.ts";
import { modelHash } from "./model_hash.ts";
import { WEIGHTS, weightsWithin } from "./find_models.ts";
import { type FileKind, kindOf } from "./foreign.ts";

/** A model, or what goes with one. */
export interface Item {
  kind: FileKind;
  name: string;
  /** "sd1", "sd2", "sdxl"; absent where it does not show, or does not matter. */
  family?: string;
  bytes: number;
  /** 8 digits, as model sites have them. */
  hash?: string;
  path: string;
}

/** All that a folder and those within it hold. Files that cannot be read or are nothing of the kind are passed over. */
export async function itemsWithin(folder: string): Promise<Item[]> {
  const { folders, files } = await weightsWithin(folder);
  const items: Item[] = [];
  for (const path of [...folders, ...files]) {
    const item = await itemAt(join(folder, path));
    if (item) items.push(item);
  }
  return items;
}

/** What a path is; undefined where that cannot be told. */
export async function itemAt(path: string): Promise<Item | undefined> {
  try {
    const { isDirectory, size } = await Deno.stat(path);
    const named = { name: modelName(path), path };
    if (isDirectory) {
      return { kind: "model", ...named, ...await familyAndHash(path, false), bytes: await folderBytes(path) };
    }
    const source = await openTensors(path);
    source.close();
    const kind = kindOf(source.tensors.keys());
    if (kind === undefined) return undefined;
    const about = kind === "model"
      ? await familyAndHash(path, true)
      : { family: familyOf(source), hash: await modelHash(path) };
    return { kind, ...named, ...about, bytes: size };
  } catch (error) {
    if (error instanceof RpgError || error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Of a model that cannot be opened by itself, such as one without VAE, only the hash of its file. */
async function familyAndHash(path: string, isFile: boolean): Promise<Pick<Item, "family" | "hash">> {
  try {
    const { family, unet, close } = await openCheckpoint(path);
    close();
    const [first] = unet.source.tensors.values();
    return { family, hash: await modelHash(first.file) };
  } catch (error) {
    if (error instanceof RpgError) return isFile ? { hash: await modelHash(path) } : {};
    throw error;
  }
}

async function folderBytes(folder: string): Promise<number> {
  const files = (await filesWithin(folder)).filter((file) => WEIGHTS.test(file));
  const sizes = await Promise.all(files.map((file) => Deno.stat(join(folder, file)).then(({ size }) => size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
