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

/** Looks through a folder and those within it. What cannot be read is passed over. @throws ModelError */
export async function findModels(folder: string): Promise<FoundModels> {
  const files = await filesWithin(folder);
  const diffusers = files.filter((file) => file.endsWith("/model_index.json")).map((file) =>
    file.replace(/\/[^/]*$/, "")
  );
  const found: FoundModels = { models: diffusers, loras: [] };
  const single = files.filter((file) =>
    /\.(safetensors|ckpt)$/i.test(file) && !diffusers.some((d) => file.startsWith(`${d}/`))
  );
  for (const file of single.slice(0, LOOKS)) {
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
