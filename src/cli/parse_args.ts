/**
 * From the words of the command line to a command, its argument and its flags.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { type CommandName, COMMANDS, type Flag, FLAGS, type FlagValues } from "./flags.ts";

/** What the user asked for. */
export interface Invocation {
  command: CommandName;
  /** The prompt, model or image; undefined where none was given. */
  argument?: string;
  flags: FlagValues;
}

/**
 * Read the command line. `--flag value` and `--flag=value` are the same; after `--` everything is an argument.
 *
 * @throws UsageError for unknown flags, missing or unusable values, and flags that the command does not use
 */
export function parseArgs(words: string[]): Invocation {
  const positional: string[] = [];
  const given: [name: string, value: unknown][] = [];
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
    const name = flagName(spelling);
    const { value } = FLAGS[name];
    if (!value && attached !== undefined) {
      throw new UsageError(`${spelling} takes no value, but was given "${attached}".`);
    }
    if (value && attached === undefined && i + 1 === words.length) {
      throw new UsageError(`${spelling} needs a value: ${spelling} ${value.shown}.`);
    }
    given.push([name, value ? value.read(attached ?? words[++i], spelling) : true]);
  }
  const { command, argument } = readPositional(positional);
  return { command, argument, flags: collect(command, given) };
}

function splitFlag(word: string): [spelling: string, attached?: string] {
  const equals = word.indexOf("=");
  return word.startsWith("--") && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word];
}

function flagName(spelling: string): string {
  const name = spelling.startsWith("--")
    ? spelling.slice(2)
    : Object.keys(FLAGS).find((key) => FLAGS[key].short === spelling.slice(1));
  if (name !== undefined && Object.hasOwn(FLAGS, name)) return name;
  const long = Object.keys(FLAGS).map((key) => `--${key}`);
  throw new UsageError(`There is no flag ${spelling}.${didYouMean(spelling, long)} --help lists them all.`);
}

function readPositional(positional: string[]): { command: CommandName; argument?: string } {
  const [first, ...rest] = positional;
  if (first !== undefined && Object.hasOwn(COMMANDS, first)) {
    if (rest.length > (COMMANDS[first as CommandName].argument ? 1 : 0)) throw tooMany(rest, first as CommandName);
    return { command: first as CommandName, argument: rest[0] };
  }
  if (rest.length > 0) throw tooMany(positional, "generate");
  // "plane" is a prompt, "docter" is not: only the long commands are looked for in a lone word.
  const meant = didYouMean(first ?? "", Object.keys(COMMANDS).filter((name) => name.length > 5));
  if (first !== undefined && meant) {
    throw new UsageError(`"${first}" is no command.${meant} If it is the whole prompt, write -p "${first}".`);
  }
  return { command: "generate", argument: first };
}

function tooMany(words: string[], command: CommandName): UsageError {
  const { argument } = COMMANDS[command];
  if (argument === "") return new UsageError(`${command} takes no argument, but was given "${words.join(" ")}".`);
  const meant = command === "generate" ? didYouMean(words[0], Object.keys(COMMANDS)) : "";
  if (meant) return new UsageError(`There is no command "${words[0]}".${meant}`);
  const way = argument === "PROMPT" ? `: put the prompt in quotes, "${words.join(" ")}"` : "";
  return new UsageError(`${command} takes one ${argument}, but ${words.length} were given${way}.`);
}

function collect(command: CommandName, given: [string, unknown][]): FlagValues {
  const flags: Record<string, unknown> = {};
  for (const [name, value] of given) {
    const flag: Flag = FLAGS[name];
    if (!flag.on.includes(command)) {
      const uses = flag.on.map((name) => `"${name}"`).join(", ");
      throw new UsageError(`--${name} does nothing in "${command}"; it belongs to ${uses}.`);
    }
    const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (flag.repeat) flags[key] = [...(flags[key] as unknown[] | undefined) ?? [], value];
    else flags[key] = value;
  }
  return flags as FlagValues;
}
