/**
 * What lies in folders of models, told by headers alone.
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { RpgError } from "../errors.ts";
import { filesWithin } from "../files/byte_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { modelName, openCheckpoint } from "./checkpoint.ts";
import { hashOfModel } from "./find_model.ts";
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
    if (isDirectory) return { kind: "model", ...named, ...await familyAndHash(path), bytes: await folderBytes(path) };
    const source = await openTensors(path);
    source.close();
    const kind = kindOf(source.tensors.keys());
    if (kind === undefined) return undefined;
    const about = kind === "model"
      ? await familyAndHash(path)
      : { family: familyOf(source), hash: await hashOfModel(path) };
    return { kind, ...named, ...about, bytes: size };
  } catch (error) {
    if (error instanceof RpgError || error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function familyAndHash(path: string): Promise<Pick<Item, "family" | "hash">> {
  const family = await openCheckpoint(path).then((checkpoint) => {
    checkpoint.close();
    return checkpoint.family;
  }, () => undefined);
  return { family, hash: await hashOfModel(path).catch(() => undefined) };
}

async function folderBytes(folder: string): Promise<number> {
  const files = (await filesWithin(folder)).filter((file) => WEIGHTS.test(file));
  const sizes = await Promise.all(files.map((file) => Deno.stat(join(folder, file)).then(({ size }) => size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Width of the prompts that a network reads → its family. */
const FAMILIES = new Map([[768, "sd1"], [1024, "sd2"], [2048, "sdxl"]]);
const READS_PROMPTS = /attn2[._](?:processor[._])?to_k[._](?:.*(?:lora_down|lora_A|lora\.down)\.)?weight$/;
const TOKENS = /^(emb_params$|string_to_param|<)/;

/** By the width of the prompts that it reads, or of the tokens that it adds. */
function familyOf({ tensors }: TensorSource): string | undefined {
  const names = [...tensors.keys()];
  if (names.some((name) => /^(clip_g$|lora_te2_|text_encoder_2\.)/.test(name))) return "sdxl";
  for (const { name, shape } of tensors.values()) {
    const width = TOKENS.test(name) ? shape[shape.length - 1] : READS_PROMPTS.test(name) ? shape[1] : 0;
    const family = FAMILIES.get(width);
    if (family) return family;
  }
  return undefined;
}
