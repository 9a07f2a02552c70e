/**
 * What every command is given.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { readStandardInput } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import type { Console } from "./console.ts";
import type { FlagValues } from "../settings.ts";

/** One run of a command. */
export interface Context {
  argument?: string;
  /** What follows it, for commands that take more. */
  further?: readonly string[];
  flags: FlagValues;
  /** What config files say more of settings that these flags have not: rows of a list may have them. */
  waiting?: FlagValues;
  console: Console;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** A command does its work and prints; it throws an RpgError where it cannot. */
export type Command = (context: Context) => Promise<void>;

/**
 * The context of a command whose prompt is "-": that is standard input, which can be read once, for all that is drawn.
 *
 * @throws UsageError where there are two prompts
 */
export async function withStandardInput(command: CommandName, context: Context): Promise<Context> {
  const { argument, flags } = context;
  const isArgument = argument === "-" && COMMANDS[command].argument === "PROMPT";
  if (!isArgument && flags.prompt !== "-") return context;
  if (isArgument) promptOf(context);
  const text = (await readStandardInput("the prompt", BYTES_OF.prompt, context.signal)).trim();
  return isArgument ? { ...context, argument: text } : { ...context, flags: { ...flags, prompt: text } };
}

/** The prompt of a command: its argument, or `-p`. @throws UsageError where there is none, or two */
export function promptOf({ argument, flags }: Context): string {
  if (argument !== undefined && flags.prompt !== undefined) {
    throw new UsageError(`The prompt is given twice: ${brief(argument)} and -p ${brief(flags.prompt)}.`);
  }
  const prompt = argument ?? flags.prompt;
  if (prompt === undefined) {
    throw new UsageError('No prompt was given. Example: main.ts "a red apple"; --help says more.');
  }
  return prompt;
}
