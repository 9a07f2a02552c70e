/**
 * The axes of a grid: a flag and its values, such as "seed=1..4" or "cfg-scale=3,5,7".
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { flagOf } from "../settings/check.ts";
import { SETTINGS } from "../settings/schema.ts";
import type { FlagValues } from "../settings.ts";
import { settingOf } from "./flags.ts";
import { readGiven } from "./given.ts";
import { collect } from "./parse_args.ts";
import { refuseWhole } from "./rows.ts";

/** A flag whose values are compared. */
export interface Axis {
  /** As the user spelt it. */
  spelling: string;
  /** The setting's name. */
  name: string;
  values: AxisValue[];
}

/** One value of an axis. */
export interface AxisValue {
  /** For people: "cfg-scale 3". */
  label: string;
  text: string;
  flags: FlagValues;
  /** Instead of flags: what is said of one of several things, such as a ControlNet's strength. */
  field?: { list: string; field: string; value: unknown };
}

/** The most values of one axis. */
const MOST = 1000;

/**
 * Reads an axis. Values stand between commas; one with commas of its own in double quotes. Numbers have ranges: 1..4,
 * 1..9:2, 0.2..1:0.2. A value that is left empty is the flag not given.
 *
 * @throws UsageError for unknown flags and for values that the flag would refuse
 */
export function readAxis(text: string): Axis {
  const [, spelling, listed] = /^([\w-]+)=([^]*)$/.exec(text.trim()) ?? [];
  if (spelling === undefined) {
    throw new UsageError(`--grid takes a flag and its values, such as seed=1..4, not ${brief(text)}.`);
  }
  const name = settingOf(`--${spelling}`);
  refuseWhole([name]);
  if (!takesValues(name)) throw new UsageError(`${flagOf(name)} cannot be an axis of a grid.`);
  const { within, type = "" } = SETTINGS[name];
  const numeric = ["number", "integer", "seed"].includes(type);
  const texts = partsOf(listed).flatMap((part) => numeric ? rangeOf(part, spelling) : [part]);
  if (texts.length > MOST) {
    throw new UsageError(`--grid ${brief(text)} has ${texts.length} values; the most are ${MOST}.`);
  }
  const values = texts.map((value) => ({
    label: `${spelling} ${value || "-"}`,
    text: value,
    ...within
      ? { flags: {}, field: { ...within, value: value === "" ? undefined : readGiven(spelling, value)[0][2] } }
      : { flags: value === "" ? { [name]: undefined } : collect("generate", readGiven(spelling, value)) },
  }));
  return { spelling, name, values };
}

/**
 * Flags with a value that is said of one of several things: of the last, as on the command line.
 *
 * @throws UsageError where there is none
 */
export function withField(flags: FlagValues, { field: said }: AxisValue, { spelling, name }: Axis): FlagValues {
  if (!said) return flags;
  const { list, field, value } = said;
  const all = (flags as Record<string, object[] | undefined>)[list];
  if (!all) throw new UsageError(`${spelling} says something of a network: name that and its picture beside --grid.`);
  const isGone = value === undefined && SETTINGS[name].always;
  const kept = [...all.slice(0, -1), ...(isGone ? [] : [{ ...all.at(-1), [field]: value }])];
  return { ...flags, [list]: kept.length ? kept : undefined };
}

/** Whether values of a flag make pictures differ: where they go, and what is written beside them, does not. */
function takesValues(name: string): boolean {
  return !["output", "savePlan", "noMetadata", "fullHash"].includes(name);
}

function partsOf(list: string): string[] {
  const parts = [...list.matchAll(/\s*("(?:""|[^"])*"|[^,]*?)\s*(,|$)/g)].map(([, part, comma]) => ({ part, comma }));
  // Behind the last value the pattern finds the end once more.
  const last = parts.findIndex(({ comma }) => comma === "");
  return parts.slice(0, last + 1).map(({ part }) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part
  );
}

const RANGE = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?$/;

/** In whole numbers of the smallest decimal place: seeds are longer than JavaScript's numbers, and tenths are none. */
function rangeOf(part: string, spelling: string): string[] {
  const match = RANGE.exec(part);
  if (!match) return [part];
  const texts = [match[1], match[2], match[3] ?? "1"];
  const places = Math.max(...texts.map((text) => (text.split(".")[1] ?? "").length));
  const [first, last, step] = texts.map((text) => {
    const [whole, fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(places, "0"));
  });
  if (first > last || step === 0n) {
    throw new UsageError(`${spelling}=${part} is no range: write the smaller first, such as 1..9 or 1..9:2.`);
  }
  const count = (last - first) / step + 1n;
  if (count > MOST) throw new UsageError(`${spelling}=${part} has ${count} values; the most are ${MOST}.`);
  return Array.from({ length: Number(count) }, (_, i) => decimal(first + BigInt(i) * step, places));
}

/** A number of the `places`th decimal place, written as people do. */
function decimal(value: bigint, places: number): string {
  if (places === 0) return `${value}`;
  const digits = `${value < 0n ? -value : value}`.padStart(places + 1, "0");
  const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, "");
  return `${value < 0n ? "-" : ""}${text}`;
}
