/**
 * Pictures as settings have them: the path of a file, pixels, or what a recipe keeps of either.
 *
 * @module
 */
import { basename } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { readUserFile } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import type { Picture } from "./picture.ts";
import { readPicture } from "./read_picture.ts";

/** What is kept of a picture in a recipe: no path, and not the picture. */
export interface PictureName {
  /** Of the file, without its folder; "pixels" where there was none. */
  name: string;
  /** SHA-256 of the file, or of the pixels, in hexadecimal. */
  hash: string;
}

/** A picture that a program or a person gives. */
export type PictureInput = string | Picture | PictureName;

/** A picture and what a recipe says of it. */
export interface NamedPicture {
  picture: Picture;
  named: PictureName;
}

/**
 * Reads a picture that a setting names.
 *
 * @param what to call it in messages: "The picture to start from"
 * @param flag that names it
 * @throws UsageError where it is missing or no picture, and for a recipe's, which is only a name
 */
export async function readInput(input: PictureInput, what: string, flag: string): Promise<NamedPicture> {
  if (typeof input === "string") {
    const bytes = await readUserFile(input, what, BYTES_OF.picture);
    const picture = await readPicture(bytes, `${what} ${input}`);
    return { picture, named: { name: basename(input), hash: await sha256(bytes) } };
  }
  if ("hash" in input) {
    throw new UsageError(`${what}, ${input.name}, is not part of the recipe: name its file with ${flag}.`);
  }
  return { picture: input, named: { name: "pixels", hash: await sha256(input.data) } };
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return new Uint8Array(digest).toHex();
}
