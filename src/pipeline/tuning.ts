/**
 * What trying the kernels on a device has shown, tried at its first use and kept in the user's cache folder.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { cacheHome } from "../files/cache_home.ts";
import { readJson } from "../files/json_file.ts";
import { writeNewFile } from "../files/new_file.ts";
import type { Device, Tuning } from "../gpu/device.ts";
import { tune } from "../nn/tune.ts";

/** Goes up whenever kernels change, or what is tried. */
const KERNELS = 1;

/** How {@linkcode tuneOnce} goes about it. */
export interface TuneOnceOptions {
  /** Where results are kept. Default: in the user's cache folder. */
  folder?: string;
  /** Try software adapters, too, and what was tried before. */
  force?: boolean;
  /** Told what was found. */
  say?: (sentence: string) => void;
  /** Milliseconds that timing may take. */
  budget?: number;
  signal?: AbortSignal;
}

/**
 * Sees to it that a GPU uses the kernels that are right and fast on it: as kept from before, or as tried now. Software
 * adapters have a table that was made for them. Nothing that goes wrong here ends a run.
 */
export async function tuneOnce(device: Device, options: TuneOnceOptions = {}): Promise<void> {
  const { force = false, say = () => {}, budget, signal } = options;
  if (!force && (device.tuning || device.summary.software)) return;
  const { name } = device.summary;
  try {
    const path = await pathOf(device, options.folder);
    device.tuning = force || !path ? undefined : await read(path);
    if (device.tuning) return;
    const start = performance.now();
    const onWrong = (variant: string) =>
      say(`${name} computes wrongly by "${variant}": that kernel is not used there.`);
    const tuning = await tune(device, { onWrong, budget, signal });
    say(
      `Tried the kernels on ${name}, once: ${
        ((performance.now() - start) / 1000).toFixed(1)
      } s (--no-tune leaves it out).`,
    );
    if (path) await write(path, tuning);
  } catch (error) {
    signal?.throwIfAborted();
    say(`The kernels could not be tried on ${name}, which uses the usual ones: ${(error as Error).message}`);
  }
}

/**
 * One file for each adapter, driver and version of kernels and of the compiler in Deno; none where there is no cache
 * folder.
 */
async function pathOf({ summary }: Device, folder?: string): Promise<string | undefined> {
  try {
    folder ??= `${cacheHome((name) => Deno.env.get(name))}/rpg/tuned`;
  } catch {
    return undefined;
  }
  const key = [KERNELS, manifest.version, Deno.version.deno, summary.name, summary.vendor, summary.driver];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(key)));
  return `${folder}/${new Uint8Array(digest).toHex().slice(0, 16)}.json`;
}

/** What is kept; nothing where it is not there or not as it was written. */
async function read(path: string): Promise<Tuning | undefined> {
  try {
    const { wrong, speeds } = await readJson(path);
    const named = Array.isArray(wrong) && wrong.every((name) => typeof name === "string");
    const timed = typeof speeds === "object" && speeds !== null && Object.values(speeds).every(Number.isFinite);
    return named && timed ? { wrong, speeds: speeds as Record<string, number> } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it, where the disk takes it; else the next run tries again. */
async function write(path: string, tuning: Tuning): Promise<void> {
  const json = new TextEncoder().encode(`${JSON.stringify(tuning, null, 2)}\n`);
  await writeNewFile({ pattern: path, force: true }, json).catch(() => {});
}
