/**
 * What a program says of an edit, checked before anything is looked at.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { checkSettings } from "../settings/check.ts";
import { checkValue, picture as pictureKind } from "../settings/kinds.ts";
import { editSettings, largerSettings, loopSettings } from "../settings/schema.ts";

const TABLE = { contour: editSettings.contour, rounds: loopSettings.rounds };

/** Settings that would make another picture of one that is painted over: its size, its beginning, what is kept. */
const OF_WHOLE = ["width", "height", "initImage", "mask", "extend", "noPaste", ...Object.keys(largerSettings)];

/**
 * @param options of `edit` or `mend`
 * @param others names of options that are no settings
 * @throws UsageError where the picture is none, and for options that do not exist or that no repaint can have
 */
export function checkEditOptions(
  picture: unknown,
  options: { rounds?: number; settings?: object },
  others: readonly string[],
): void {
  const isPixels = typeof picture === "object" && picture !== null && "data" in picture;
  if (!isPixels) throw new UsageError(`picture takes pixels as { width, height, data }, not ${brief(picture)}.`);
  checkValue(pictureKind, picture, "picture");
  checkSettings(TABLE, options.rounds === 0 ? { ...options, rounds: undefined } : options, { others });
  const own = OF_WHOLE.find((name) => (options.settings as Record<string, unknown> | undefined)?.[name] !== undefined);
  if (own) throw new UsageError(`settings.${own} is not for painting over a picture, which stays as it is elsewhere.`);
}
