/**
 * Models within a folder that is none itself.
 *
 * @module
 */
import { RpgError } from "../errors.ts";
import { filesWithin } from "../files/byte_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { type FileKind, kindOf } from "./foreign.ts";

/** Files whose headers are read. */
const LOOKS = 200;

/** What lies in a folder, as paths within it. */
export interface FoundModels {
  /** Diffusers folders and single files that can draw. */
  models: string[];
  /** LoRA files. */
  loras: string[];
}

/** Files that may hold tensors. */
export const WEIGHTS: RegExp = /\.(safetensors|gguf|ckpt|pt|pth|bin)$/i;

/** Of these, the files that may hold a whole model: `.pt`, `.pth` and `.bin` are parts of one, or embeddings. */
export const MODEL_FILE: RegExp = /\.(safetensors|gguf|ckpt)$/i;

/**
 * Diffusers folders and files of weights outside them, as paths within a folder, in order. All who look for models look
 * here. @throws ModelError where the folder cannot be read
 */
export async function weightsWithin(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const all = await filesWithin(folder);
  const signs = all.flatMap((file) =>
    /^(.+)\/(?:model_index\.json|(?:unet|transformer)\/[^/]+)$/.exec(file)?.[1] ?? []
  );
  const folders = [...new Set(signs)];
  const files = all.filter((file) => WEIGHTS.test(file) && !folders.some((d) => file.startsWith(`${d}/`)));
  return { folders, files };
}

/** Looks through a folder and those within it. What cannot be read is passed over. @throws ModelError */
export async function findModels(folder: string): Promise<FoundModels> {
  const { folders, files } = await weightsWithin(folder);
  const found: FoundModels = { models: folders, loras: [] };
  for (const file of files.filter((name) => MODEL_FILE.test(name)).slice(0, LOOKS)) {
    const kind = await kindOfFile(`${folder}/${file}`);
    if (kind === "model") found.models.push(file);
    if (kind === "lora") found.loras.push(file);
  }
  found.models.sort();
  return found;
}

/** What a file of tensors is, as {@linkcode kindOf}; undefined also where it cannot be read. */
export async function kindOfFile(path: string): Promise<FileKind | undefined> {
  try {
    const source = await openTensors(path);
    source.close();
    return kindOf(source.tensors.keys());
  } catch (error) {
    if (error instanceof RpgError) return undefined;
    throw error;
  }
}
