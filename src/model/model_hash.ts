/**
 * A short name for a weights file's contents.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ModelError } from "../errors.ts";

const START = 0x100000;
const LENGTH = 0x10000;

/**
 * The 8-digit hash by which the model sites and the web UIs know a file ("AutoV1"): SHA-256 of 64 KiB that begin at 1 MiB,
 * so that a file of many gigabytes costs no time. A file too short for that is hashed whole.
 */
export async function modelHash(path: string): Promise<string> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const whole = size < START + LENGTH;
    await file.seek(whole ? 0 : START, Deno.SeekMode.Start);
    const bytes = new Uint8Array(whole ? size : LENGTH);
    for (let at = 0; at < bytes.length;) {
      const count = await file.read(bytes.subarray(at));
      if (count === null) throw new Error(`it ended at ${at} of ${bytes.length} bytes`);
      at += count;
    }
    return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  } catch (cause) {
    throw new ModelError(`${path} could not be read: ${(cause as Error).message}`, { cause });
  }
}
