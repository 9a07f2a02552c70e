/**
 * Where words go: results to standard output, everything else to standard error. A stream that is full or gone loses
 * its words and nothing else, and what came from files and servers cannot steer the terminal.
 *
 * @module
 */
import { publicText } from "../secrets.ts";
import type { FlagValues } from "../settings.ts";
import { jsonLine } from "./json.ts";
import { makeProgress, type Progress, progressKind } from "./progress.ts";

/** What commands speak through. */
export interface Console {
  /** The one thing the user asked for, on standard output. */
  result(text: string): void;
  /** A remark; silent with -q. */
  say(text: string): void;
  /** A remark for the curious, with -v only. */
  detail(text: string): void;
  /** An error after which the run goes on. */
  complain(text: string): void;
  /** What happens, for programs: a line of JSON on standard output with --json-lines, else nothing. */
  event(event: EventName, fields: object): void;
  /** A picture on the terminal, in the place of the one before where nothing was said since. */
  picture(text: string, rows: number): void;
  progress: Progress;
}

/** What --json-lines tells of. */
export type EventName =
  | "start"
  | "stage"
  | "picture"
  | "plan"
  | "step"
  | "preview"
  | "saved"
  | "sheet"
  | "error"
  | "done";

/** What is written to: standard output or error, or what stands for them in a test. */
export interface Stream {
  writeSync(bytes: Uint8Array): number;
}

/** The console that -q, -v, --progress and --json-lines ask for. */
export function makeConsole(flags: FlagValues): Console {
  const quiet = flags.quiet === true;
  const write = (text: string) => void writeAll(Deno.stderr, text);
  const event: Console["event"] = (name, fields) => {
    if (flags.jsonLines) writeResult(jsonLine({ event: name, ...fields }));
  };
  const shown = makeProgress(progressKind(flags.progress, quiet, Deno.stderr.isTerminal()), write, columns);
  const progress = flags.jsonLines ? toldProgress(shown, event) : shown;
  let picture = 0;
  const line = (text: string) => {
    progress.clear();
    picture = 0;
    write(`${printable(publicText(text))}\n`);
  };
  return {
    result(text) {
      if (flags.jsonLines) return;
      progress.clear();
      picture = 0;
      writeResult(text);
    },
    say: (text) => quiet || line(text),
    detail: (text) => flags.verbose && line(text),
    complain: line,
    event,
    picture(text, rows) {
      progress.clear();
      write(`${picture ? `\x1b[${picture}A` : ""}${text}`);
      picture = rows;
    },
    progress,
  };
}

/** How wide the terminal is now. */
function columns(): number {
  try {
    return Deno.consoleSize().columns || 80; // some serial lines say 0
  } catch {
    return 80; // --progress bar, and no terminal
  }
}

/** Progress that programs are told of, too. */
function toldProgress(shown: Progress, event: Console["event"]): Progress {
  return {
    picture(number, total) {
      event("picture", { picture: number, pictures: total });
      shown.picture(number, total);
    },
    stage(stage) {
      event("stage", { stage });
      shown.stage(stage);
    },
    step(report) {
      event("step", report);
      shown.step(report);
    },
    clear: shown.clear,
  };
}

function writeResult(text: string): void {
  const failure = writeAll(Deno.stdout, `${printable(text)}\n`);
  if (failure && !(failure instanceof Deno.errors.BrokenPipe)) lost ??= failure;
}

let lost: Error | undefined;

/**
 * Why a result did not reach standard output, where it did not. That its reader has closed it is no reason to complain.
 */
export function lostResult(): Error | undefined {
  return lost;
}

/** An error's line, whatever has become of standard error. */
export function complain(text: string): void {
  writeAll(Deno.stderr, `${printable(publicText(text))}\n`);
}

/** Writes the whole text. @returns what kept it from being written */
export function writeAll(stream: Stream, text: string): Error | undefined {
  try {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    return error as Error;
  }
}

/**
 * A text as it may be shown on a terminal: control characters but line break and tab, and those that turn the direction
 * of writing, are written as \\u001b, which is also how JSON has them.
 */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what must not pass
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
