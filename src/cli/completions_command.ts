/**
 * `completions`: scripts that complete commands, flags and their values in a shell.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { Context } from "./command.ts";
import { bashScript, fishScript, zshScript } from "./completions.ts";

const SHELLS: Record<string, (program: string) => string> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints the script for one shell. Named after the program's usual name, or the one that is given. */
export function completionsCommand({ argument, further, console }: Context): Promise<void> {
  const shells = Object.keys(SHELLS).join(", ");
  if (argument === undefined) throw new UsageError(`completions needs a shell: ${shells}.`);
  if (!Object.hasOwn(SHELLS, argument)) {
    throw new UsageError(
      `There are completions for ${shells}, not ${brief(argument)}.${didYouMean(argument, Object.keys(SHELLS))}`,
    );
  }
  const program = further?.[0] ?? "rpg";
  if (!/^[\w.-]+$/.test(program)) throw new UsageError(`${brief(program)} is no name of a command.`);
  console.result(SHELLS[argument](program).trimEnd());
  return Promise.resolve();
}
