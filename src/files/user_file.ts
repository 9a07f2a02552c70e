/**
 * Files that a user names on the command line: plans, pictures, prompts. They are read as carefully as models are.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { readStart, readWhole } from "./byte_file.ts";
import { decodeText } from "./text.ts";

/**
 * All bytes of a file.
 * @param what to call it in messages: "The plan"
 * @param most bytes that it may have
 * @throws UsageError where it is missing, too large, or no regular file
 */
export async function readUserFile(path: string, what: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return await asUser(what, readWhole(path, most));
}

/** The first bytes of a file of any size, `count` or fewer. @throws UsageError as {@linkcode readUserFile} */
export async function readUserStart(path: string, what: string, count: number): Promise<Uint8Array<ArrayBuffer>> {
  return await asUser(what, readStart(path, count));
}

async function asUser<T>(what: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw cause instanceof ModelError ? new UsageError(`${what} ${cause.message}`, { cause }) : cause;
  }
}

/** The text of a file in UTF-8 or UTF-16. @throws UsageError as {@linkcode readUserFile}, and where it is no text */
export async function readUserText(path: string, what: string, most: number): Promise<string> {
  const text = decodeText(await readUserFile(path, what, most));
  if (text === undefined) throw new UsageError(`${what} ${path} is not UTF-8 text.`);
  return text;
}

/** What standard input has been read as, and its text: it comes once, whatever number of pictures it is for. */
let taken: { what: string; text: Promise<string> } | undefined;

/**
 * All of standard input as text. Who types there may think better of it: `signal` ends the waiting.
 *
 * @throws UsageError as {@linkcode readStream}, and where it is something else already
 */
export async function readStandardInput(what: string, most: number, signal: AbortSignal): Promise<string> {
  const name = `${what[0].toUpperCase()}${what.slice(1)} on standard input`;
  taken ??= { what, text: readStream(Deno.stdin.readable, name, most) };
  if (taken.what !== what) throw new UsageError(`Standard input is ${taken.what}: ${what} needs another place.`);
  return await unlessAborted(taken.text, signal);
}

/** All of a stream as text. @throws UsageError where it is no text or more than `most` bytes, read no further */
export async function readStream(input: ReadableStream<Uint8Array>, what: string, most: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of input) {
    parts.push(part);
    if ((size += part.length) > most) throw new UsageError(`${what} has more than ${most} bytes.`);
  }
  const text = decodeText(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()));
  if (text === undefined) throw new UsageError(`${what} is not UTF-8 text.`);
  return text;
}
