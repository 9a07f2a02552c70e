/**
 * Config files: the user's own and the project's. They hold flags by their names, in TOML.
 *
 * @module
 */
import { dirname, isAbsolute, join, resolve } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { configHome } from "../files/config_home.ts";
import { granted } from "../files/environment.ts";
import { readUserText } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import { layered, withoutIdle } from "../settings/layers.ts";
import { modelSettings, pictureSettings, SETTINGS } from "../settings/schema.ts";
import { takes } from "../settings/setting.ts";
import type { FlagValues } from "../settings.ts";
import { settingOf } from "./flags.ts";
import { readGiven } from "./given.ts";
import { collect, type Given, type Invocation } from "./parse_args.ts";

/** A config file that was read. */
export interface ConfigFile {
  path: string;
  /** Whose: a project's may come from anybody. */
  whose: "user" | "project";
  /** Flags for every command that takes them. */
  common: Given[];
  /** Flags for one command. */
  own: Partial<Record<CommandName, Given[]>>;
  /** As it is written, in the file's order. */
  entries: { command?: CommandName; name: string; value: unknown }[];
}

/** Paths of config files; the user's need not be there. */
export interface ConfigPlaces {
  /** The file of the user whose environment it is. */
  user?: string;
  /** The file in the working folder, or in the nearest above it that has one. */
  project?: string;
}

/** Where config files are looked for; a program that may not know has none. */
export async function configPlaces(): Promise<ConfigPlaces> {
  const home = configHome(granted);
  const user = home === undefined ? undefined : join(home, "rpg", "config.toml");
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") return {};
  for (let folder = resolve("."), last = ""; folder !== last; last = folder, folder = dirname(folder)) {
    const project = join(folder, "rpg.toml");
    if (await exists(project).catch(() => false)) return { user, project };
  }
  return { user };
}

/** The files that are there, the more general first. @throws UsageError that names the file and the key */
export async function readConfig({ user, project }: ConfigPlaces): Promise<ConfigFile[]> {
  const files: ConfigFile[] = [];
  for (const [whose, path] of [["user", user], ["project", project]] as const) {
    if (path === undefined || !await exists(path)) continue;
    files.push(await parseConfig(await readUserText(path, "The config file", BYTES_OF.config), path, whose));
  }
  return files;
}

/**
 * A command line's flags, with what the files say where it says nothing.
 *
 * @returns also what of that waits for what it says more of: rows of a list and axes of a grid may have that
 */
export async function withConfig(
  { command, flags }: Invocation,
): Promise<{ flags: FlagValues; waiting: FlagValues; files: ConfigFile[] }> {
  if (["help", "config", "completions"].includes(command) || flags.help || flags.version || flags.noConfig) {
    return { flags, waiting: {}, files: [] };
  }
  const files = await readConfig(await configPlaces());
  const general = files.map((file) => flagsFor(command, file)).reduce((before, next) => layered(before, next), {});
  const ours = underFlags(command, general, flags);
  const all = Object.entries(layered(general, flags));
  const waiting = Object.fromEntries(all.filter(([name]) => !Object.hasOwn(ours, name)));
  return { flags: ours, waiting, files };
}

/** Where settings wait for what they say more of: what is there without a flag. An edit has a picture and masks. */
const THERE: Partial<Record<CommandName, readonly string[]>> = {
  generate: [],
  plan: [],
  edit: ["initImage", "mask", "rounds"],
};

/** The settings of files with a command line's over them; what says more of something that is not there is left out. */
export function underFlags(command: CommandName, general: FlagValues, flags: FlagValues): FlagValues {
  const all = layered(general, flags);
  const there = THERE[command];
  if (!there) return all;
  return withoutIdle(all, (name, others) => !(name in flags) && !others.some((other) => there.includes(other)));
}

/** What a file says for a command. */
export function flagsFor(command: CommandName, { common, own }: ConfigFile): FlagValues {
  // A picture that is made again has its own settings and model.
  const others = command === "metadata" ? { ...modelSettings, ...pictureSettings } : {};
  const fitting = common.filter(([name]) => takes(command, SETTINGS[name]) && !Object.hasOwn(others, name));
  return layered(collect(command, fitting), collect(command, own[command] ?? []));
}

/** What a file's text says. @throws UsageError that names the file and the key or line */
export async function parseConfig(text: string, path: string, whose: ConfigFile["whose"]): Promise<ConfigFile> {
  const { parseToml, TomlError } = await import("../deps/toml.ts");
  let values: Record<string, unknown>;
  try {
    values = parseToml(text, { integersAsBigInt: "asNeeded" });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new UsageError(`${path}, line ${cause.line}, is not valid TOML: ${what}.`, { cause });
  }
  const file: ConfigFile = { path, whose, common: [], own: {}, entries: [] };
  for (const [key, value] of Object.entries(values)) {
    if (isTable(value) && Object.hasOwn(COMMANDS, key)) {
      const command = key as CommandName;
      file.own[command] = Object.entries(value).flatMap(([name, one]) => readKey(file, name, one, command));
      told(path, key, () => collect(command, file.own[command]!));
    } else file.common.push(...readKey(file, key, value));
  }
  return file;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

function readKey({ path, whose, entries }: ConfigFile, key: string, value: unknown, command?: CommandName): Given[] {
  return told(path, command ? `${command}.${key}` : key, () => {
    const given = readGiven(key, value);
    entries.push({ command, name: settingOf(`--${key}`), value });
    for (const [name] of given) {
      const { once, within, personal } = SETTINGS[name];
      if (once || within) throw new UsageError(`${key} is said of one run, on the command line.`);
      if (personal && whose === "project") {
        throw new UsageError(`${key} is the user's own to say, on the command line or in the user's config file.`);
      }
    }
    return given.map(([name, spelling, one]): Given => [name, spelling, anchored(name, one, dirname(path))]);
  });
}

/** Errors name the file and the key. */
function told<T>(path: string, key: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const named = cause.message.startsWith(`${key} `);
    throw new UsageError(`${path}${named ? "" : `, ${key}`}: ${cause.message}`, { cause });
  }
}

/**
 * A relative path is meant from the file's folder. What may be a name as well is a path where something lies there, or
 * where it begins with a dot.
 */
function anchored(name: string, value: unknown, folder: string): unknown {
  const { type } = SETTINGS[name];
  if (type === "lora" && typeof value === "object" && value !== null) {
    const { file } = value as { file: unknown };
    return { ...value, file: typeof file === "string" ? anchoredName(file, folder) : file };
  }
  if (typeof value !== "string" || isAbsolute(value)) return value;
  if (type === "path") return join(folder, value);
  return type === "place" || type === "file" || type === "network" ? anchoredName(value, folder) : value;
}

function anchoredName(value: string, folder: string): string {
  const path = join(folder, value);
  if (isAbsolute(value) || /^https?:/i.test(value)) return value;
  return /^\.{1,2}[\\/]/.test(value) || isThere(path) ? path : value;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
