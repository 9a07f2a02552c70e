/**
 * From flags to the library's options.
 *
 * @module
 */
import { pictureSettings } from "../settings/schema.ts";
import type { FlagValues, PictureOptions } from "../settings.ts";

/** What the flags say of the picture. */
export function pictureOptions(flags: FlagValues): PictureOptions {
  return Object.fromEntries(Object.keys(pictureSettings).map((name) => [name, flags[name as keyof FlagValues]]));
}
