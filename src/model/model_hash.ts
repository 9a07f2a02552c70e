/**
 * A short name for a weights file's contents.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { ByteFile } from "../files/byte_file.ts";

const START = 0x100000;
const LENGTH = 0x10000;

/**
 * The 8-digit hash by which the model sites and the web UIs know a file ("AutoV1"): SHA-256 of 64 KiB that begin at 1
 * MiB, so that a file of many gigabytes costs no time. A file too short for that is hashed whole.
 * @throws ModelError where it cannot be read
 */
export async function modelHash(path: string): Promise<string> {
  const file = await ByteFile.open(path);
  try {
    const whole = file.size < START + LENGTH;
    const bytes = await (whole ? file.bytesAt(0, file.size) : file.bytesAt(START, LENGTH));
    return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  } finally {
    file.close();
  }
}
