/**
 * The command line from its words to its exit code.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { CancelledError, RpgError, UsageError } from "../errors.ts";
import { granted } from "../files/environment.ts";
import { type Command, withStandardInput } from "./command.ts";
import { withConfig } from "./config.ts";
import { complain, lostResult, makeConsole } from "./console.ts";
import type { CommandName } from "../settings/commands.ts";
import { settingNamed } from "./flags.ts";
import { helpCommand, helpFor } from "./help_command.ts";
import { interruptible } from "./interrupt.ts";
import { parseArgs } from "./parse_args.ts";

/** Commands are loaded when they are asked for: help needs no GPU code and metadata no planner. */
const LOAD: Record<CommandName, () => Promise<Command>> = {
  generate: async () => (await import("./generate_command.ts")).generateCommand,
  plan: async () => (await import("./plan_command.ts")).planCommand,
  recaption: async () => (await import("./recaption_command.ts")).recaptionCommand,
  edit: async () => (await import("./edit_command.ts")).editCommand,
  inspect: async () => (await import("./inspect_command.ts")).inspectCommand,
  models: async () => (await import("./models_command.ts")).modelsCommand,
  upscale: async () => (await import("./upscale_command.ts")).upscaleCommand,
  convert: async () => (await import("./convert_command.ts")).convertCommand,
  preprocess: async () => (await import("./preprocess_command.ts")).preprocessCommand,
  metadata: async () => (await import("./metadata_command.ts")).metadataCommand,
  config: async () => (await import("./config_command.ts")).configCommand,
  completions: async () => (await import("./completions_command.ts")).completionsCommand,
  doctor: async () => (await import("./doctor_command.ts")).doctorCommand,
  help: () => Promise.resolve(helpCommand),
};
const LIST_DEVICES = async () => (await import("./doctor_command.ts")).listDevicesCommand;

/** Run the program. Every expected failure becomes a message on standard error and its exit code (errors.ts). */
export async function run(words: string[]): Promise<number> {
  // Programs that read events are told of flags that cannot be read, too.
  const jsonLines = words.some((word) => word.startsWith("--") && settingNamed(word.slice(2)) === "jsonLines");
  let tell = makeConsole({ jsonLines }).event;
  const end = (code: number) => {
    tell("done", { code });
    return code;
  };
  try {
    enterCallersFolder();
    const asked = parseArgs(words);
    const { command, argument, further } = asked;
    const { flags, waiting, files } = await withConfig(asked);
    if (flags.json && flags.jsonLines) throw new UsageError("--json and --json-lines: use only one of them.");
    const console = makeConsole(
      flags.help || flags.version || flags.listDevices ? { ...flags, jsonLines: undefined } : flags,
    );
    tell = console.event;
    tell("start", { command, version: manifest.version });
    // One's own file is no news; a project's may be somebody else's.
    for (const { path, whose } of files) (whose === "project" ? console.say : console.detail)(`Settings from ${path}.`);
    if (flags.help) console.result(helpFor(words.includes(command) ? command : undefined));
    else if (flags.version) console.result(manifest.version);
    else {
      const load = flags.listDevices ? LIST_DEVICES : LOAD[command];
      await interruptible(async (signal) => {
        const context = { argument, further, flags, waiting, console, signal };
        await (await load())(flags.listDevices ? context : await withStandardInput(command, context));
      }, console.say);
    }
    const lost = lostResult();
    if (!lost) return end(0);
    complain(`error: standard output could not be written: ${lost.message}.`);
    return end(new UsageError("").exitCode);
  } catch (error) {
    const code = explain(error, words.some((word) => word === "-v" || word === "--verbose"));
    tell("error", { message: error instanceof RpgError ? error.message : `${error}`, code });
    return end(code);
  }
}

/**
 * Tasks run in the repository's root; `deno task start` says from where it was called, which is where paths are meant.
 */
function enterCallersFolder(): void {
  const folder = granted("RPG_CWD");
  if (folder) Deno.chdir(folder);
}

/** What a program that fails in a way nobody foresaw ends with. */
const UNFORESEEN = 1;

function explain(error: unknown, verbose: boolean): number {
  if (error instanceof CancelledError) {
    complain(error.message);
    return error.exitCode;
  }
  if (error instanceof RpgError) {
    complain(`error: ${oneLine(error.message)}`);
    if (verbose && error.cause) complain(Deno.inspect(error.cause));
    return error.exitCode;
  }
  if (error instanceof Deno.errors.NotCapable) {
    complain(`error: ${error.message}\nThis run was not given that permission; README.md lists what needs which.`);
    return 2;
  }
  complain(`error: this should not happen; please report it with the prompt and the flags.\n${Deno.inspect(error)}`);
  return UNFORESEEN;
}

/** A message that quotes a file or a server at length is cut, and stays a line. */
function oneLine(message: string): string {
  const line = message.replace(/\s*[\r\n]+\s*/g, " ");
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line;
}

const LONGEST_LINE = 1000;
