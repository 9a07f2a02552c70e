/**
 * One picture after another, none lost by another's failure.
 *
 * @module
 */
import { CancelledError, RpgError } from "../errors.ts";
import type { Context } from "./command.ts";

/**
 * Draws each, with progress of the whole. Errors that have a message for people are told to `failed`, and the run goes
 * on; anything else ends it.
 */
export async function drawEach<T>(
  wanted: readonly T[],
  { console, signal }: Context,
  draw: (one: T, number: number) => Promise<void>,
  failed: (one: T, error: RpgError) => Promise<void> | void,
): Promise<void> {
  for (const [i, one] of wanted.entries()) {
    console.progress.picture(i + 1, wanted.length);
    try {
      await draw(one, i + 1);
    } catch (error) {
      if (!(error instanceof RpgError) || error instanceof CancelledError) throw error;
      signal.throwIfAborted();
      await failed(one, error);
    }
  }
}
