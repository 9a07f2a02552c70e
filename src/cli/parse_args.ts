/**
 * From the words of the command line to a command, its argument and its flags.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import { kindOf } from "../settings/kind_of.ts";
import { readText } from "../settings/kinds.ts";
import { flagOf } from "../settings/check.ts";
import { type Flag, SETTINGS } from "../settings/schema.ts";
import { takes } from "../settings/setting.ts";
import type { FlagValues } from "../settings.ts";
import { settingNamed, settingOf } from "./flags.ts";

/** What the user asked for. */
export interface Invocation {
  command: CommandName;
  /** The prompt, model or image; undefined where none was given. */
  argument?: string;
  /** What follows it, for commands that take more. */
  further?: string[];
  flags: FlagValues;
}

/** Words of the command line that are no flags. */
interface Positional extends Omit<Invocation, "flags"> {
  /** What `edit` takes beside its picture. */
  prompt?: string;
}

/**
 * Read the command line. `--flag value` and `--flag=value` are the same; after `--` everything is an argument.
 *
 * @param beside for a row of a list, see {@linkcode collect}
 * @throws UsageError for unknown flags, missing or unusable values, and flags that the command does not use
 */
export function parseArgs(words: string[], beside?: FlagValues): Invocation {
  const positional: string[] = [];
  const given: Given[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === "--") {
      positional.push(...words.slice(i + 1));
      break;
    }
    if (!/^-./.test(word)) {
      positional.push(word);
      continue;
    }
    const [spelling, attached] = splitFlag(word);
    const name = settingOf(spelling);
    const kind = kindOf(SETTINGS[name]);
    const { alone } = SETTINGS[name];
    const next = words[i + 1];
    if (kind.shown === undefined) {
      if (attached !== undefined) {
        throw new UsageError(`${spelling} takes no value, but was given ${brief(attached)}.`);
      }
      given.push([name, spelling, true]);
    } else if (attached !== undefined) given.push([name, spelling, readText(kind, attached, spelling)]);
    else if (alone !== undefined && !kind.known?.includes(next)) given.push([name, spelling, alone]);
    else if (next === undefined) throw new UsageError(`${spelling} needs a value: ${spelling} ${kind.shown}.`);
    else {
      do given.push([name, spelling, readText(kind, words[++i], spelling)]); while (
        SETTINGS[name].more && isAssignment(words[i + 1])
      );
    }
  }
  const { prompt, ...asked } = readPositional(positional);
  const flags = collect(asked.command, given, beside);
  if (prompt === undefined) return { ...asked, flags };
  if (flags.prompt !== undefined) {
    throw new UsageError(`The prompt is given twice: ${brief(prompt)} and -p ${brief(flags.prompt)}.`);
  }
  return { ...asked, flags: { ...flags, prompt } };
}

/** Whether a word is a flag's name without dashes, "=" and a value. */
function isAssignment(word = ""): boolean {
  const [, name] = /^(\w[\w-]*)=/.exec(word) ?? [];
  return name !== undefined && settingNamed(name) !== undefined;
}

function splitFlag(word: string): [spelling: string, attached?: string] {
  const equals = word.indexOf("=");
  return word.startsWith("--") && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word];
}

function readPositional(positional: string[]): Positional {
  const [first, ...rest] = positional;
  if (first === "edit" && rest.length === 2) return { command: "edit", argument: rest[0], prompt: rest[1] };
  if (first !== undefined && Object.hasOwn(COMMANDS, first)) {
    const command = first as CommandName;
    if (rest.length > argumentsOf(command)) throw tooMany(rest, command);
    return { command, argument: rest[0], ...(rest.length > 1 ? { further: rest.slice(1) } : {}) };
  }
  if (rest.length > 0) throw tooMany(positional, "generate");
  if (first !== undefined) refuseMisspelt(first);
  return { command: "generate", argument: first };
}

/** How many arguments a command takes. */
function argumentsOf(command: CommandName): number {
  return COMMANDS[command].argument.split(" ").filter(Boolean).length;
}

/** A lone word that is nearly a command, or a flag without its dashes, is rather that than a prompt. */
function refuseMisspelt(word: string): void {
  const small = word.toLowerCase();
  const way = `If it is the whole prompt, write -p ${brief(word)}.`;
  if (["version", "list-devices"].includes(small)) {
    throw new UsageError(`${brief(word)} is not a command. Did you mean "--${small}"? ${way}`);
  }
  const names = Object.keys(COMMANDS);
  // "plane" and "kelp" are prompts, "docter" is not: a short command is only found in another order, or in capitals.
  const meant = didYouMean(word, names.filter((name) => name.length > 5 || sameLetters(name, small)));
  if (meant) throw new UsageError(`${brief(word)} is not a command.${meant} ${way}`);
}

function sameLetters(a: string, b: string): boolean {
  return [...a].sort().join("") === [...b].sort().join("");
}

function tooMany(words: string[], command: CommandName): UsageError {
  const { argument } = COMMANDS[command];
  const given = brief(words.join(" "));
  if (argument === "") return new UsageError(`${command} takes no argument, but was given ${given}.`);
  const meant = command === "generate" ? didYouMean(words[0], Object.keys(COMMANDS)) : "";
  if (meant) return new UsageError(`There is no command ${brief(words[0])}.${meant}`);
  if (argumentsOf(command) > 1) {
    return new UsageError(`${command} takes ${argument}, but ${words.length} words were given: ${given}.`);
  }
  const way = argument === "PROMPT" ? `: put the prompt in quotes, ${given}` : "";
  return new UsageError(`${command} takes one ${argument}, but ${words.length} were given${way}.`);
}

/** A setting's name, how it was spelt, and its value; a flag that is off is undefined. */
export type Given = [name: string, spelling: string, value: unknown];

/**
 * The flags that were given one after another.
 *
 * @param beside the command line's, where a row says more of its last ControlNet and names none
 * @throws UsageError for those that the command does not take
 */
export function collect(command: CommandName, given: readonly Given[], beside?: FlagValues): FlagValues {
  const flags: Record<string, unknown> = {};
  const names = given.some(([name]) => SETTINGS[name].within && SETTINGS[name].always);
  for (const [name, spelling, value] of given) {
    const setting = SETTINGS[name];
    if (command !== "help" && !takes(command, setting)) {
      const uses = Object.keys(COMMANDS).filter((other) => takes(other as CommandName, setting))
        .map((other) => `"${other}"`).join(", ");
      throw new UsageError(`${spelling} does nothing in "${command}"; it belongs to ${uses}.`);
    }
    if (setting.within) addField(flags, spelling, setting, value, names ? undefined : beside);
    else if (setting.repeat) flags[name] = [...(flags[name] as unknown[] | undefined) ?? [], value];
    else flags[name] = value; // the last one counts, so that scripts can be overruled
  }
  return flags as FlagValues;
}

/** A flag of one of several things: the first of its flags begins one, the others say more of the last. */
function addField(
  flags: Record<string, unknown>,
  spelling: string,
  { within, always }: Flag,
  value: unknown,
  beside?: FlagValues,
): void {
  const { list, field } = within!;
  const others = beside?.[list as keyof FlagValues] as object[] | undefined;
  const all = (flags[list] ??= others?.map((one) => ({ ...one })) ?? []) as Record<string, unknown>[];
  if (always) all.push({});
  const last = all.at(-1);
  if (!last) {
    const first = Object.keys(SETTINGS).find((name) => SETTINGS[name].within?.list === list && SETTINGS[name].always)!;
    throw new UsageError(`${spelling} says something of a ${flagOf(first)}: name that before it.`);
  }
  last[field] = value;
}
