/**
 * A question to the person at the terminal.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { writeAll } from "./console.ts";

/**
 * Whether the answer is yes; a line that ends without one is no. Deno's own `confirm` would be deaf to Ctrl-C.
 *
 * @param flag that asks it
 * @throws UsageError where nobody can answer, the signal's reason where it ends the waiting
 */
export async function saysYes(question: string, flag: string, signal: AbortSignal): Promise<boolean> {
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError(`${flag} asks a question, and standard input is not a terminal.`);
  }
  writeAll(Deno.stderr, `${question} [y/N] `);
  const line = new Uint8Array(1024);
  const count = await unlessAborted(Deno.stdin.read(line), signal) ?? 0;
  return /^y(es)?$/i.test(new TextDecoder().decode(line.subarray(0, count)).trim());
}
