/**
 * Check what a program or a JSON file gives against the schema.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { kindOf } from "./kind_of.ts";
import { checkValue } from "./kinds.ts";
import type { Table, Values } from "./setting.ts";

/** How to check. */
export interface CheckOptions {
  /** Put before each name: "settings." for a value that stands in a recipe. */
  prefix?: string;
  /** Further names that are somebody else's to check. */
  others?: readonly string[];
  /** Whether what every picture has must be there. */
  complete?: boolean;
}

/**
 * The settings among `values` in their canonical form and in the schema's order, without those that are undefined.
 *
 * @throws UsageError for a name that is not known, and for a value that the command line would refuse, too
 */
export function checkSettings<T extends Table>(
  table: T,
  values: unknown,
  { prefix = "", others = [], complete = false }: CheckOptions = {},
): Values<T> {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new UsageError(`${prefix.replace(/\.$/, "") || "options"} must be an object, not ${brief(values)}.`);
  }
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(table, name) || others.includes(name)) continue;
    throw new UsageError(`There is no option ${prefix}${name}.${didYouMean(name, [...Object.keys(table), ...others])}`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table as Table)) {
    const kind = kindOf(setting);
    const value = (values as Record<string, unknown>)[name];
    if (value === undefined) {
      if (complete && setting.always) throw new UsageError(`${prefix}${name} is missing.`);
    } else if (setting.repeat) {
      if (!Array.isArray(value)) throw new UsageError(`${prefix}${name} takes a list, not ${brief(value)}.`);
      const { fields } = setting;
      checked[name] = value.map((item, i) => {
        const one = `${prefix}${name}[${i}]`;
        return fields
          ? checkSettings(fields, item, { prefix: `${one}.`, complete: true })
          : checkValue(kind, item, one);
      });
    } else checked[name] = checkValue(kind, value, prefix + name);
  }
  return checked as Values<T>;
}

/** The flag of a setting: "cfgScale" is --cfg-scale. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
