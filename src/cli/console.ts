/**
 * Where words go: results to standard output, everything else to standard error.
 *
 * @module
 */
import type { FlagValues } from "../settings.ts";
import { makeProgress, type Progress, progressKind } from "./progress.ts";

/** What commands speak through. */
export interface Console {
  /** The one thing the user asked for, on standard output. */
  result(text: string): void;
  /** A remark; silent with -q. */
  say(text: string): void;
  /** A remark for the curious, with -v only. */
  detail(text: string): void;
  progress: Progress;
}

/** The console that -q, -v and --progress ask for. */
export function makeConsole(flags: FlagValues): Console {
  const encoder = new TextEncoder();
  const write = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));
  const quiet = flags.quiet === true;
  const progress = makeProgress(progressKind(flags.progress, quiet, Deno.stderr.isTerminal()), write);
  const line = (text: string) => {
    progress.clear();
    write(`${text}\n`);
  };
  return {
    result(text) {
      progress.clear();
      console.log(text);
    },
    say: (text) => quiet || line(text),
    detail: (text) => flags.verbose && line(text),
    progress,
  };
}
