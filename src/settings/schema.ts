/**
 * Every setting of the program, once: flags, help, types, defaults, and the checks of the library and of recipes derive
 * from these tables. A setting's name here is its name in the library; the flag is the same with hyphens.
 *
 * @module
 */
import { controlSettings } from "./control_tables.ts";
import { loraPlaces, modelSettings } from "./model_tables.ts";
import {
  decodingSettings,
  largerSettings,
  loraSettings,
  samplingSettings,
  sizeSettings,
  startSettings,
} from "./picture_tables.ts";
import {
  deviceSettings,
  editSettings,
  loopSettings,
  outputSettings,
  ownSettings,
  plannerSettings,
  planSettings,
  promptSettings,
  seriesSettings,
} from "./program_tables.ts";
import type { Setting, Table } from "./setting.ts";

/** All that decides a picture beside its model and its plan: the options of `generate`, the settings of a recipe. */
export const pictureSettings:
  & typeof samplingSettings
  & typeof sizeSettings
  & typeof startSettings
  & typeof largerSettings
  & typeof controlSettings
  & typeof loraSettings
  & typeof decodingSettings = {
    ...samplingSettings,
    ...sizeSettings,
    ...startSettings,
    ...largerSettings,
    ...loraSettings,
    ...controlSettings,
    ...decodingSettings,
  };

/** A flag: a setting, or a field of the objects of one. */
export interface Flag extends Setting {
  /** The list whose objects have this field, and the field's name. */
  within?: { list: string; field: string };
}

/** The flags of a table by their names in camelCase. */
function flagsOf(table: Table): Record<string, Flag> {
  return Object.fromEntries(
    Object.entries<Setting>(table).flatMap(([name, setting]): [string, Flag][] =>
      setting.fields
        ? Object.entries(setting.fields).map(([field, own]) => [own.flag, { ...own, within: { list: name, field } }])
        : [[name, setting]]
    ),
  );
}

/** The flags by the headings of the help. */
export const GROUPS: Record<string, Record<string, Flag>> = {
  Prompt: flagsOf(promptSettings),
  "Many pictures": flagsOf(seriesSettings),
  Plan: flagsOf(planSettings),
  Planner: flagsOf(plannerSettings),
  Sampling: flagsOf(samplingSettings),
  Size: flagsOf(sizeSettings),
  "Starting from a picture": flagsOf(startSettings),
  Larger: flagsOf(largerSettings),
  LoRA: flagsOf({ lora: loraSettings.lora, ...loraPlaces }),
  "Steering by a picture": flagsOf(controlSettings),
  Editing: flagsOf(editSettings),
  "Looking and mending": flagsOf(loopSettings),
  Model: flagsOf(modelSettings),
  Decoding: flagsOf(decodingSettings),
  Device: flagsOf(deviceSettings),
  Output: flagsOf(outputSettings),
  More: flagsOf(ownSettings),
};

/** All flags by name. */
export const SETTINGS: Record<string, Flag> = Object.assign({}, ...Object.values(GROUPS));

export * from "./control_tables.ts";
export * from "./model_tables.ts";
export * from "./picture_tables.ts";
export * from "./program_tables.ts";
