/**
 * Settings as files have them: by their flags' names, with the values of JSON, TOML or text.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { kindOf } from "../settings/kind_of.ts";
import { checkValue, readText } from "../settings/kinds.ts";
import { SETTINGS } from "../settings/schema.ts";
import { settingOf } from "./flags.ts";
import type { Given } from "./parse_args.ts";

/**
 * What a name and its value give; a text is read as on the command line. A list gives a flag that is repeatable several
 * times.
 *
 * @param spelling of the flag, without dashes; other tools' spellings are understood
 * @throws UsageError for an unknown name and for what the command line would refuse, too
 */
export function readGiven(spelling: string, value: unknown): Given[] {
  const name = settingOf(`--${spelling.trim()}`);
  const setting = SETTINGS[name];
  const kind = kindOf(setting);
  const read = (one: unknown) =>
    typeof one === "string" ? readText(kind, one, spelling) : checkValue(kind, one, spelling);
  if (value === null) throw new UsageError(`${spelling} takes ${kind.takes}, not ${brief(value)}.`);
  if (setting.repeat && Array.isArray(value)) return value.map((one) => [name, spelling, read(one)]);
  const checked = read(value);
  // What is off is as good as not given, here as on the command line.
  return [[name, spelling, kind.shown === undefined && checked === false ? undefined : checked]];
}
