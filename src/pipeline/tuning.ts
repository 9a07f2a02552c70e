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
import type { Checkpoint } from "../model/parts.ts";
import { ALL_USES, type Uses } from "../nn/trials.ts";
import { tune, type TuneOptions } from "../nn/tune.ts";

/** Version of what is kept: goes up whenever kernels change, or what is tried. */
const KERNELS = 5;

/** How {@linkcode tuneOnce} goes about it. */
export interface TuneOnceOptions extends Pick<TuneOptions, "uses" | "budget" | "patience" | "now" | "signal"> {
  /** Where results are kept. Default: in the user's cache folder. */
  folder?: string;
  /** Try everything anew, however long it takes, and software adapters, too. */
  force?: boolean;
  /** Called with remarks. */
  say?: (sentence: string) => void;
  /** Called with what is tried next, and what is known by then. */
  onTrial?: (name: string, tuning: Tuning) => void;
}

/**
 * Sees to it that a GPU uses the kernels that are right and fast on it: as kept from before, or as tried now, for some
 * seconds at most; what is not reached is left for the next run. Software adapters have a table that was made for them.
 * Nothing that goes wrong here ends a run.
 */
export async function tuneOnce(device: Device, options: TuneOnceOptions = {}): Promise<void> {
  const { folder, force = false, say = () => {}, onTrial, ...more } = options;
  if (!force && (device.tuning || device.summary.software)) return;
  const { name } = device.summary;
  const path = await pathOf(device, folder);
  const known = force || !path ? undefined : await read(path);
  if (known?.stuck) return void (device.tuning = known);
  const start = performance.now();
  let begun = false;
  try {
    const tuning = await tune(device, {
      known,
      ...(force ? { thorough: true, budget: Infinity } : {}),
      ...more,
      onWrong: (variant) => say(`${name} computes wrongly by "${variant}": that kernel is not used there.`),
      async onTrial(trial, tuning) {
        if (!begun) {
          say(`Trying the kernels on ${name}${force ? "" : ", for some seconds (--no-tune leaves it out)"} …`);
        }
        begun = true;
        if (path) await write(path, tuning); // should the program end in the middle of it
        onTrial?.(trial, tuning);
      },
    });
    if (tuning.stuck) {
      say(
        `${name} did not come back from trying "${tuning.stuck}": its kernels are not tried any more, and the usual ` +
          "ones used. If pictures hang, too, update its driver; `deno task tune` tries again.",
      );
    } else if (begun) {
      say(`Tried the kernels in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
    }
    if (path && begun) await write(path, tuning);
  } catch (error) {
    options.signal?.throwIfAborted();
    device.tuning = known;
    say(`The kernels could not be tried on ${name}, which uses the usual ones: ${(error as Error).message}`);
  }
}

/** What a model uses, as far as its configs say; what is wrong with them is told where its networks are made. */
export function usesOf({ unet, vae }: Pick<Checkpoint, "unet" | "vae">): Uses {
  const numbers = (value: unknown) => [value].flat().filter((n): n is number => Number.isInteger(n) && Number(n) > 0);
  const levels = numbers(unet.config.block_out_channels), decoder = numbers(vae.config.block_out_channels);
  if (!levels.length) return ALL_USES;
  const heads = numbers(unet.config.num_attention_heads ?? unet.config.attention_head_dim ?? 8);
  const widths = [...levels.map((channels, i) => channels / (heads[i] ?? heads[0])), ...decoder.slice(-1)];
  return {
    attention: widths.filter((width) => width % 4 === 0), // others are padded, and seldom
    conv3x3: [...levels, ...decoder],
  };
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
    const { wrong, speeds, tried, stuck } = await readJson(path);
    const names = [wrong, tried].every((list) => Array.isArray(list) && list.every((name) => typeof name === "string"));
    const timed = typeof speeds === "object" && speeds !== null && Object.values(speeds).every(Number.isFinite);
    if (!names || !timed || !["undefined", "string"].includes(typeof stuck)) return undefined;
    return { wrong, speeds, tried, stuck } as Tuning;
  } catch {
    return undefined;
  }
}

/** Keeps it, where the disk takes it; else the next run tries again. */
async function write(path: string, tuning: Tuning): Promise<void> {
  const json = new TextEncoder().encode(`${JSON.stringify(tuning, null, 2)}\n`);
  await writeNewFile({ pattern: path, force: true }, json).catch(() => {});
}
