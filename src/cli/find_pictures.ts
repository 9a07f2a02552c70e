/**
 * The pictures and files that a recipe names, where they are now. What a recipe says is a name and a hash, never a
 * place.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { controlNetBeside, hashOfControlNet } from "../model/controlnet_file.ts";
import { exists } from "../files/byte_file.ts";
import { fingerprint } from "../files/fingerprint.ts";
import { type PictureName, readInput } from "../picture/input.ts";
import { publicName } from "../secrets.ts";
import { flagOf } from "../settings/check.ts";
import { type ControlOption, FILE_SETTINGS, type FlagValues, PICTURE_SETTINGS, type Settings } from "../settings.ts";

/**
 * The paths of the settings' pictures and files: as the flags say, beside the picture, or in the working folder.
 * @param folder where the picture lies
 * @param model the path of its model, whose folder may hold ControlNets
 * @throws UsageError where one is missing or has another hash
 */
export async function findPictures(
  settings: Settings,
  flags: FlagValues,
  folder: string,
  model: string,
): Promise<Partial<Settings>> {
  const found: Partial<Settings> = {};
  for (const setting of PICTURE_SETTINGS) {
    const named = settings[setting];
    if (named === undefined) continue;
    if (typeof named === "string" || !("hash" in named)) throw new UsageError(`settings.${setting} has no hash.`);
    const hashOf = async (path: string) => (await readInput(path, "The picture", flagOf(setting))).named.hash;
    found[setting] = await find(named, flagOf(setting), flags[setting] as string | undefined, folder, hashOf);
  }
  for (const setting of FILE_SETTINGS) {
    const named = settings[setting];
    if (named === undefined || named === "latent" || named === "lanczos") continue;
    if (typeof named === "string") throw new UsageError(`settings.${setting} has no hash.`);
    found[setting] = await find(named, flagOf(setting), flags[setting] as string | undefined, folder, fingerprint);
  }
  const { controlNets } = settings;
  if (controlNets) found.controlNets = await findControls(controlNets, flags.controlNets ?? [], folder, model);
  return found;
}

/** ControlNets and what they see; the flags name them in the recipe's order. */
async function findControls(
  made: readonly ControlOption[],
  given: readonly Partial<ControlOption>[],
  folder: string,
  own: string,
) {
  const found: ControlOption[] = [];
  for (const [i, { model, image, ...how }] of made.entries()) {
    if (typeof model === "string" || typeof image !== "object" || !("hash" in image)) {
      throw new UsageError(`settings.controlNets[${i}] has no hashes.`);
    }
    const [named, picture] = [given[i]?.model as string | undefined, given[i]?.image as string | undefined];
    const net = named === undefined ? undefined : await controlNetBeside(own, named) ?? named;
    const hashOf = async (path: string) => (await readInput(path, "The picture", "--control-image")).named.hash;
    found.push({
      model: await find(model, "--control-net", net, folder, hashOfControlNet, WEIGHTS, [own, BUNDLED_MODEL]),
      image: await find(image, "--control-image", picture, folder, hashOf),
      ...how,
    });
  }
  return found;
}

/** Endings of files, which recipes leave out of names. */
const WEIGHTS = ["", ".safetensors", ".pth", ".ckpt", ".pt", ".bin"];

async function find(
  { name, hash }: PictureName,
  flag: string,
  given: string | undefined,
  folder: string,
  hashOf: (path: string) => Promise<string>,
  endings: readonly string[] = [""],
  further: readonly string[] = [],
): Promise<string> {
  const names = endings.map((ending) => publicName(name) + ending);
  const candidates = given === undefined
    ? [folder, ".", ...further].flatMap((at) => names.map((name) => join(at, name)))
    : [given];
  for (const candidate of candidates) {
    if (given === undefined && !await exists(candidate)) continue;
    if (await hashOf(candidate) === hash) return candidate;
    if (given !== undefined) {
      throw new UsageError(`${given} is not the file that was used (${name}, SHA-256 ${hash.slice(0, 16)}…).`);
    }
  }
  throw new UsageError(
    `The picture was made from ${publicName(name)} (SHA-256 ${
      hash.slice(0, 16)
    }…), which is neither beside it nor in ` +
      `this folder. Say where it is with ${flag}.`,
  );
}
