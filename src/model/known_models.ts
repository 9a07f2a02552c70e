/**
 * Models that were drawn with on this machine, so that a picture, which says only a hash, finds its own again. The list
 * is a file of the user's cache; without it, or without the permission to read it, models are named by hand.
 *
 * @module
 */
import { join, resolve } from "../deps/path.ts";
import { cacheHome } from "../files/cache_home.ts";
import { granted } from "../files/environment.ts";
import { readText } from "../files/json_file.ts";
import { writeNewFile } from "../files/new_file.ts";

/** How many are remembered. */
const MOST = 200;

/** Paths of the models, the latest first. */
export async function knownModels(): Promise<string[]> {
  const file = listFile();
  if (file === undefined) return [];
  try {
    const list: unknown = JSON.parse(await readText(file));
    return Array.isArray(list) ? list.filter((path) => typeof path === "string").slice(0, MOST) : [];
  } catch {
    return []; // not there yet, or damaged: it is written anew
  }
}

/** Puts a model at the head of the list. That it cannot be written is no reason to stop. */
export async function rememberModel(path: string): Promise<void> {
  const file = listFile();
  const known = await knownModels();
  const absolute = resolve(path);
  if (file === undefined || known[0] === absolute) return;
  const list = [absolute, ...known.filter((other) => other !== absolute)].slice(0, MOST);
  const json = new TextEncoder().encode(JSON.stringify(list, null, 1));
  await writeNewFile({ pattern: file, force: true }, json).catch(() => {});
}

/** Nowhere, where the system names no cache or the program may not ask for it. */
function listFile(): string | undefined {
  try {
    return join(cacheHome(granted), "rpg", "models.json");
  } catch {
    return undefined;
  }
}
