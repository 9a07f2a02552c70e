/**
 * From what the schema says of a setting to the kind of its values.
 *
 * @module
 */
import { PLAN_MODES } from "../region/mode.ts";
import { SAMPLER_NAMES, samplerByName, SCHEDULER_NAMES, schedulerByName } from "../sample/names.ts";
import {
  anyText,
  box,
  file,
  flag,
  integer,
  type Kind,
  lora,
  named,
  network,
  number,
  oneOf,
  pair,
  path,
  picture,
  rowsFirst,
  seed,
  sides,
  text,
} from "./kinds.ts";
import type { Setting, Types } from "./setting.ts";

/** How each type is read and checked. */
const KINDS: { [Type in keyof Types]: (setting: Setting) => Kind<Types[Type]> } = {
  flag: () => flag,
  text: ({ shown = "TEXT" }) => text(shown),
  anyText: () => anyText,
  path: ({ shown = "PATH" }) => path(shown),
  place: ({ shown = "PATH" }) => path(shown),
  number: ({ least = -Infinity, most = Infinity }) => number(least, most),
  integer: ({ least = -Infinity, most = Infinity }) => integer(least, most),
  seed: () => seed,
  pair: ({ least = 0, most = 65_536 }) => pair(least, most),
  rowsFirst: ({ least = 0, most = 65_536 }) => rowsFirst(least, most),
  picture: () => picture,
  file: () => file,
  lora: () => lora,
  network: () => network,
  sides: () => sides,
  box: () => box,
  mode: () => oneOf(...PLAN_MODES),
  sampler: () => named("a sampler's name, such as euler_a", samplerByName, SAMPLER_NAMES),
  scheduler: () => named("a schedule's name, such as karras", schedulerByName, SCHEDULER_NAMES),
};

/** What a setting takes. */
export function kindOf(setting: Setting): Kind<unknown> {
  const kind = setting.oneOf ? oneOf(...setting.oneOf) : KINDS[setting.type ?? "flag"](setting);
  return setting.shown ? { ...kind, shown: setting.shown } : kind;
}
