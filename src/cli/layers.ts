/**
 * Pictures that were painted over in parts, layer by layer: what of them a recipe keeps, and what they lie over when
 * they are drawn again.
 *
 * @module
 */
import type { Attempt, Round } from "../edit.ts";
import { basename, dirname, join } from "../deps/path.ts";
import { filledIn } from "../edit/mask.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { readUserFile } from "../files/user_file.ts";
import { encodePng } from "../formats/png.ts";
import type { ImageResult } from "../generate.ts";
import { BYTES_OF } from "../limits.ts";
import { sha256 } from "../picture/input.ts";
import type { Picture } from "../picture/picture.ts";
import { readPicture } from "../picture/read_picture.ts";
import { type Layer, layersOf, type Recipe } from "../recipe.ts";
import { publicName } from "../secrets.ts";

/** The recipe of one drawing. */
export interface Describe {
  (result: Pick<ImageResult, "plan" | "settings">): Promise<Recipe>;
  /** Begins what of it takes time: for when the device has something to compute meanwhile. */
  begin?(): void;
}

/**
 * The layers of a picture that went through rounds: what it was, and each repaint that was taken; nothing from before a
 * drawing that covers all of it.
 */
export async function layersOfRounds(
  before: readonly Layer[],
  rounds: readonly Round[],
  describe: Describe,
): Promise<Layer[]> {
  let layers = [...before];
  for (const { operation, mask, result, whole } of takenIn(rounds)) {
    const [layer] = layersOf(await describe(result));
    const filled = operation.kind === "remove" ? { filled: true } as const : {};
    if (whole) layers = [layer];
    else layers.push({ ...layer, mask: encodePng(mask).toBase64(), ...filled });
  }
  return layers;
}

/** Where drawing again begins: the first layer to draw, and what is under it. */
export interface Beginning {
  from: number;
  picture?: Picture;
}

/**
 * The last of the layers that cover a picture whose file is at hand, so that as little as possible is drawn; else the
 * first, where that covers nothing.
 *
 * @param path of the picture that is made again; files are looked for beside it and in this folder
 * @param given where a person says that the file is
 * @throws UsageError where there is no beginning
 */
export async function beginningOf(layers: readonly Layer[], path: string, given?: string): Promise<Beginning> {
  const files = [...layers.entries()].flatMap(([from, { picture }]) => picture ? [{ from, ...picture }] : []);
  for (const { from, name, hash } of files.toReversed()) {
    const places = given === undefined ? [join(dirname(path), publicName(name)), publicName(name)] : [given];
    for (const place of places) {
      if (given === undefined && !await exists(place)) continue;
      const bytes = await readUserFile(place, "The picture", BYTES_OF.picture);
      if (await sha256(bytes) === hash) return { from, picture: await readPicture(bytes, place) };
    }
  }
  if (given === undefined && layers[0].mask === undefined) return { from: 0 };
  const names = files.map(({ name, hash }) => `${publicName(name)} (SHA-256 ${hash.slice(0, 16)}…)`).join(" or ");
  throw new UsageError(
    given === undefined
      ? `${basename(path)} was painted over ${
        names || "a picture of no file"
      }, which is neither beside it nor in this ` +
        "folder, or was changed. Say where it is with --init-image."
      : `${given} is not what ${basename(path)} was painted over: ${names || "that was no file"}.`,
  );
}

/**
 * What a layer was painted over, as it was then. @throws ModelError where what was drawn for it is something else,
 * UsageError where its mask is damaged
 */
export async function underLayer(
  { mask = "", filled, settings: { initImage } }: Layer,
  picture: Picture | undefined,
  index: number,
): Promise<{ initImage: Picture; mask: Picture }> {
  const name = `layer ${index + 1}`;
  const white = await readPicture(bytesOf(mask, name), `The mask of ${name}`);
  if (!picture || white.width !== picture.width || white.height !== picture.height) {
    throw new UsageError(
      `The mask of ${name} has ${white.width}×${white.height} pixels, ` +
        `what it lies over ${picture ? `${picture.width}×${picture.height}` : "none"}: the recipe is damaged.`,
    );
  }
  const under = filled ? filledIn(picture, white) : picture;
  const was = typeof initImage === "object" && "hash" in initImage ? initImage.hash : undefined;
  if (await sha256(under.data) !== was) {
    throw new ModelError(
      `What is under ${name} is not what it was painted over: another device, driver or version draws otherwise. ` +
        "Where the file of the picture that was edited is beside this one, the edit begins with that.",
    );
  }
  return { initImage: under, mask: white };
}

function bytesOf(base64: string, name: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch (cause) {
    throw new UsageError(`The mask of ${name} is no base64: the recipe is damaged.`, { cause });
  }
}

/** The repaints that the picture is made of. */
export function takenIn(rounds: readonly Round[]): Attempt[] {
  return rounds.flatMap(({ attempts }) => attempts).filter(({ taken }) => taken);
}
