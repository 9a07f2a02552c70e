/**
 * What tells a large file from another of the same name without reading all of it.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { ByteFile } from "./byte_file.ts";

/** Headers are here. */
const EDGE = 64 * 1024;
/** Between the edges: this many samples of this many bytes, evenly spread. */
const SAMPLES = 64;
const SAMPLE = 4096;

/**
 * SHA-256 (hex) of a file's size, its first and last 64 KiB, and 64 samples of 4 KiB between them; of smaller files, of
 * all. It finds every replacement and every cut, and a change here and there only by chance: where that counts, times
 * are compared as well.
 * @throws ModelError where it cannot be read
 */
export async function fingerprint(path: string): Promise<string> {
  const file = await ByteFile.open(path);
  try {
    const { size } = file;
    const hash = createHash("sha256").update(`${size}\0`);
    if (size <= 2 * EDGE + SAMPLES * SAMPLE) return hash.update(await file.bytesAt(0, size)).digest("hex");
    hash.update(await file.bytesAt(0, EDGE));
    const step = (size - 2 * EDGE - SAMPLE) / (SAMPLES - 1);
    for (let i = 0; i < SAMPLES; i++) hash.update(await file.bytesAt(EDGE + Math.floor(i * step), SAMPLE));
    return hash.update(await file.bytesAt(size - EDGE, EDGE)).digest("hex");
  } finally {
    file.close();
  }
}
