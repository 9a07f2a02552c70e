/**
 * Every setting of the program, once: flags, help, types, defaults, and the checks of the library and of recipes derive from
 * these tables. A setting's name here is its name in the library; the flag is the same with hyphens.
 *
 * @module
 */
import { decodingSettings, largerSettings, samplingSettings, sizeSettings, startSettings } from "./picture_tables.ts";
import {
  deviceSettings,
  editSettings,
  loopSettings,
  modelSettings,
  outputSettings,
  ownSettings,
  plannerSettings,
  planSettings,
  promptSettings,
} from "./program_tables.ts";
import type { Table } from "./setting.ts";

/** All that decides a picture beside its model and its plan: the options of `generate`, the settings of a recipe. */
export const pictureSettings:
  & typeof samplingSettings
  & typeof sizeSettings
  & typeof startSettings
  & typeof largerSettings
  & typeof decodingSettings = {
    ...samplingSettings,
    ...sizeSettings,
    ...startSettings,
    ...largerSettings,
    ...decodingSettings,
  };

/** The settings by the headings of the help. */
export const GROUPS: Record<string, Table> = {
  Prompt: promptSettings,
  Plan: planSettings,
  Planner: plannerSettings,
  Sampling: samplingSettings,
  Size: sizeSettings,
  "Starting from a picture": startSettings,
  Larger: largerSettings,
  Editing: editSettings,
  "Looking and mending": loopSettings,
  Model: modelSettings,
  Decoding: decodingSettings,
  Device: deviceSettings,
  Output: outputSettings,
  More: ownSettings,
};

/** All settings by name. */
export const SETTINGS: Table = Object.assign({}, ...Object.values(GROUPS));

export * from "./picture_tables.ts";
export * from "./program_tables.ts";
