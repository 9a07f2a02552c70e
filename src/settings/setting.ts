/**
 * What the schema says of a setting, and the types that are read from that.
 *
 * @module
 */
import type { PictureInput } from "../picture/input.ts";
import type { PlanMode } from "../region/mode.ts";
import type { SamplerName, SchedulerName } from "../sample/names.ts";
import type { CommandName } from "./commands.ts";
import type { Box, FileInput, LoraInput, NetworkInput, Sides } from "./kinds.ts";

/** The types of values by the names that the schema gives them. */
export interface Types {
  /** On or off. */
  flag: boolean;
  /** Any text but none. */
  text: string;
  /** Any text. */
  anyText: string;
  /** A path. */
  path: string;
  /** A path, or a name by which something is found. */
  place: string;
  /** A number. */
  number: number;
  /** A whole number. */
  integer: number;
  /** 0 to 2⁶³ − 1, or −1 for a new one. */
  seed: number | bigint;
  /** Two whole numbers. */
  pair: [number, number];
  /** Two whole numbers, rows before columns. */
  rowsFirst: [number, number];
  /** A picture. */
  picture: PictureInput;
  /** A file of weights. */
  file: FileInput;
  /** A network beside the model. */
  network: NetworkInput;
  /** A LoRA; a text stands for the rest where a program gives it. */
  lora: LoraInput | string;
  /** Pixels on a picture's sides. */
  sides: Sides;
  /** A place in a picture. */
  box: Box;
  /** How regions are joined. */
  mode: PlanMode;
  /** A sampler. */
  sampler: SamplerName;
  /** A schedule. */
  scheduler: SchedulerName;
}

/** What the tables say of one setting. They hold plain data, which the types of the library can be read from. */
export interface Setting {
  /** What it takes, if not one of a few words. */
  type?: keyof Types;
  /** What the help calls the value, where its type has no name that says enough. */
  shown?: string;
  /** Range of a number. */
  least?: number;
  /** Range of a number. */
  most?: number;
  /** The words it takes. */
  oneOf?: readonly string[];
  /** What the help says of it. */
  help: string;
  /** What the help of single commands says instead. */
  helpOn?: Partial<Record<CommandName, string>>;
  /** The commands that use it; anywhere else it is refused. */
  on: readonly CommandName[] | "all";
  /** One letter that stands for the flag. */
  short?: string;
  /** What other tools call the same thing. */
  also?: readonly string[];
  /** May be given several times; the value is a list. */
  repeat?: true;
  /** Its value may be followed by more of the form FLAG=VALUES. */
  more?: true;
  /** Each value of a list is an object of these; the command line has a flag for each. */
  fields?: Readonly<Record<string, Field>>;
  /** What a flag without a value says, where it also takes one. */
  alone?: string;
  /** Where nothing else says so: neither the model nor its preset. */
  default?: string | number;
  /** Every picture has it, so a recipe without it is damaged. */
  always?: true;
  /** Holds for a whole run: no line of a list and no axis of a grid may set it. */
  run?: true;
  /** Said of one run: no config file may hold it. */
  once?: true;
  /** The user's own business: a project's config file may not hold it. */
  personal?: true;
  /** Says more of one of these; in a config file it waits until one of them is given. */
  with?: readonly string[];
  /** Shown in the help for everything. */
  common?: true;
}

/**
 * A setting within another. On the command line the one that is `always` there begins an object, the others follow it.
 */
export interface Field extends Setting {
  /** Its flag's name, in camelCase. */
  flag: string;
}

/** Settings by name. */
export type Table = Readonly<Record<string, Setting>>;

/** What a setting's value is. */
export type ValueOf<S> = S extends { fields: infer Fields extends Table }
  ? Values<Fields> & Required<Pick<Values<Fields>, Always<Fields>>>
  : S extends { oneOf: readonly (infer Word)[] } ? Word
  : S extends { type: keyof Types } ? Types[S["type"]]
  : never;

/** The values that a table's settings take, all optional. */
export type Values<T extends Table> = {
  -readonly [Name in keyof T]?: T[Name] extends { repeat: true } ? ValueOf<T[Name]>[] : ValueOf<T[Name]>;
};

/** The names of those settings that every picture has. */
export type Always<T extends Table> = { [Name in keyof T]: T[Name] extends { always: true } ? Name : never }[keyof T];

/** What the help of a command says of a setting; without one, the general help. */
export function helpOf({ help, helpOn }: Setting, command?: CommandName): string {
  return (command && helpOn?.[command]) ?? help;
}

/** Whether a command takes a setting. */
export function takes(command: CommandName, { on }: Setting): boolean {
  return on === "all" ? command !== "help" : on.includes(command);
}
