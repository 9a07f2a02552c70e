/**
 * Waiting that Ctrl-C ends, and long loops that let the program hear it.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";

/**
 * Lets waiting events run, Ctrl-C's among them, for as long as it is told.
 *
 * @throws the signal's reason as soon as it is aborted
 */
export async function pause(signal?: AbortSignal, milliseconds = 0): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
