/**
 * Ctrl-C: the first asks the work to stop and clean up, the second ends the process at once.
 *
 * @module
 */
import { CancelledError } from "../errors.ts";

/**
 * Run `work` with a signal that SIGINT and SIGTERM abort, with a CancelledError as the reason.
 *
 * @param say tells the user that the first signal was heard
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  say: (text: string) => void,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(new CancelledError().exitCode);
    say("Stopping; press Ctrl-C again to quit now.");
    controller.abort(new CancelledError());
  };
  // Windows has no SIGTERM to listen to.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}
