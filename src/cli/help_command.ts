/**
 * `help`: what there is, and what a command takes.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import type { Context } from "./command.ts";
import { helpText } from "./help.ts";

/** Prints the help of the command that is named, or of the whole program. */
export function helpCommand({ argument, console }: Context): Promise<void> {
  if (argument !== undefined && !Object.hasOwn(COMMANDS, argument)) {
    const names = Object.keys(COMMANDS);
    throw new UsageError(
      `There is no command ${brief(argument)}.${didYouMean(argument, names)} There are: ${names.join(", ")}.`,
    );
  }
  console.result(helpFor(argument as CommandName | undefined));
  return Promise.resolve();
}

/** The help without its last line break. */
export function helpFor(command?: CommandName): string {
  return helpText(command === "help" ? undefined : command).trimEnd();
}
