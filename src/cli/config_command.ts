/**
 * `config`: what config files say, and which of it holds.
 *
 * @module
 */
import { exists } from "../files/byte_file.ts";
import { granted } from "../files/environment.ts";
import { publicText } from "../secrets.ts";
import { flagOf } from "../settings/check.ts";
import type { CommandName } from "../settings/commands.ts";
import type { Context } from "./command.ts";
import { json, jsonLine } from "./json.ts";
import { type ConfigPlaces, configPlaces, readConfig } from "./config.ts";

/** Variables that decide something; of those that are secret only whether they are set. */
const VARIABLES = {
  OPENAI_BASE_URL: false,
  OPENAI_MODEL: false,
  OPENAI_API_KEY: true,
  GEMINI_API_KEY: true,
  HF_HOME: false,
  HF_ENDPOINT: false,
  HF_HUB_OFFLINE: false,
  HF_TOKEN: true,
  CIVITAI_TOKEN: true,
} as const;

/** One value that holds where the command line says nothing. */
interface Held {
  /** For this command alone; absent: for all that take it. */
  command?: CommandName;
  name: string;
  value: unknown;
  /** The file that says it. */
  from: string;
  /** The user's file says so too, and is overruled. */
  overruled?: { value: unknown; from: string };
}

/** Prints the files and what of them holds. */
export async function configCommand({ flags, console }: Context): Promise<void> {
  const places = await configPlaces();
  const files = await Promise.all(
    Object.entries({ user: places.user, project: places.project }).map(async ([whose, path]) => ({
      whose,
      path: path ?? null,
      there: path !== undefined && await exists(path),
    })),
  );
  const settings = await heldSettings(places);
  const environment = variables();
  if (flags.json) return console.result(publicText(json({ files, settings, environment })));
  const [user, project] = files;
  const heads: [string, string][] = [
    ["User", user.path === null ? "no place for it" : `${user.path}${user.there ? "" : "  (not there)"}`],
    ["Project", project.path ?? "no rpg.toml in this folder or those above"],
  ];
  const rows = settings.map(({ command, name, value, from, overruled }): [string, string] => [
    `${command ? `${command} ` : ""}${name}`,
    `${shown(value)}  (${from}${overruled ? `; ${overruled.from} says ${shown(overruled.value)}` : ""})`,
  ]);
  const said = environment.map(({ name, value }): [string, string] => [name, value]);
  const text = [heads, rows, said].filter((part) => part.length).map(table).join("\n\n");
  console.result(publicText(text));
}

function table(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join("\n");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : jsonLine(value);
}

/** What the files say, each setting once: a later file goes before an earlier one. */
async function heldSettings(places: ConfigPlaces): Promise<Held[]> {
  const held = new Map<string, Held>();
  for (const { path: from, entries } of await readConfig(places)) {
    for (const { command, name, value } of entries) {
      const key = `${command ?? ""} ${name}`;
      const before = held.get(key);
      const overruled = before && { value: before.value, from: before.from };
      held.set(key, { command, name: flagOf(name).slice(2), value, from, ...overruled && { overruled } });
    }
  }
  return [...held.values()];
}

/** The variables that are set. */
function variables(): { name: string; value: string }[] {
  return Object.entries(VARIABLES).flatMap(([name, secret]) => {
    const value = granted(name);
    return value ? [{ name, value: secret ? "(set)" : value }] : [];
  });
}
