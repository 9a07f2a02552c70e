import type { Picture } from "../../src/picture/picture.ts";
import { readPicture } from "../../src/picture/read_picture.ts";

/** A picture of tests/golden/picture. */
export async function golden(name: string): Promise<Picture> {
  return await readPicture(await Deno.readFile(new URL(`../golden/picture/${name}`, import.meta.url)), name);
}

/** Red, green and blue, without alpha. */
export function rgb({ data }: Picture): number[] {
  return [...data].filter((_, i) => i % 4 !== 3);
}

/** Bytes in which two pictures differ, all of them where their sizes do. */
export function differences(a: Picture, b: Picture): number {
  if (a.width !== b.width || a.height !== b.height) return a.data.length;
  return a.data.reduce((count, value, i) => count + (value === b.data[i] ? 0 : 1), 0);
}
