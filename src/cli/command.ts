/**
 * What every command is given.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { readStandardInput } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import type { Console } from "./console.ts";
import type { FlagValues } from "../settings.ts";

/** One run of a command. */
export interface Context {
  argument?: string;
  /** What follows it, for commands that take more. */
  further?: readonly string[];
  flags: FlagValues;
  console: Console;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** A command does its work and prints; it throws an RpgError where it cannot. */
export type Command = (context: Context) => Promise<void>;

/**
 * The prompt of a command: its argument, `-p`, or standard input for "-".
 *
 * @throws UsageError where there is none, or two
 */
export async function promptOf(context: Context): Promise<string> {
  const prompt = checkPrompt(context);
  return prompt === "-" ? (await readStandardInput("The prompt", BYTES_OF.prompt)).trim() : prompt;
}

/** The prompt as it stands on the command line, "-" too. @throws UsageError where there is none, or two */
export function checkPrompt({ argument, flags }: Context): string {
  if (argument !== undefined && flags.prompt !== undefined) {
    throw new UsageError(`The prompt is given twice: ${brief(argument)} and -p ${brief(flags.prompt)}.`);
  }
  const prompt = argument ?? flags.prompt;
  if (prompt === undefined) {
    throw new UsageError('No prompt was given. Example: main.ts "a red apple"; --help says more.');
  }
  return prompt;
}
