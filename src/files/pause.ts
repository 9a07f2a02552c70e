/**
 * Long loops that let the program hear Ctrl-C.
 *
 * @module
 */

/** Lets waiting events run, Ctrl-C's among them, and ends the caller where `signal` says so. */
export async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal?.throwIfAborted();
}
