/**
 * Models within a folder that is none itself.
 *
 * @module
 */
import { RpgError } from "../errors.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { COUNT_OF } from "../limits.ts";
import { kindOf } from "./foreign.ts";

/** Folders within folders that are looked into: as deep as model managers sort by family and author. */
const DEPTH = 3;
/** Files whose headers are read. */
const LOOKS = 200;

/** What lies in a folder, as paths within it. */
export interface FoundModels {
  /** Diffusers folders and single files that can draw. */
  models: string[];
  /** LoRA files. */
  loras: string[];
}

/** Looks through a folder and those within it. What cannot be read is passed over. */
export async function findModels(folder: string): Promise<FoundModels> {
  const found: FoundModels = { models: [], loras: [] };
  const waiting = [{ path: "", depth: 0 }];
  let looks = 0;
  for (let next; (next = waiting.shift());) {
    const { path, depth } = next;
    const entries = await entriesOf(path ? `${folder}/${path}` : folder);
    const within = (name: string) => path ? `${path}/${name}` : name;
    if (depth > 0 && entries.some(({ name }) => name === "model_index.json")) {
      found.models.push(path);
      continue;
    }
    for (const { name, isFile, isSymlink, isDirectory } of entries) {
      if (isDirectory && depth < DEPTH && !name.startsWith(".")) waiting.push({ path: within(name), depth: depth + 1 });
      if (!(isFile || isSymlink) || !/\.(safetensors|ckpt)$/i.test(name) || ++looks > LOOKS) continue;
      const kind = await kindOfFile(`${folder}/${within(name)}`);
      if (kind === "model") found.models.push(within(name));
      if (kind === "lora") found.loras.push(within(name));
    }
  }
  return found;
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) if (entries.push(entry) > COUNT_OF.files) break;
  } catch { /* a folder of somebody else's */ }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function kindOfFile(path: string) {
  try {
    const source = await openTensors(path);
    source.close();
    return kindOf(source.tensors.keys());
  } catch (error) {
    if (error instanceof RpgError) return undefined;
    throw error;
  }
}
