/**
 * Read the text that a PNG carries, ours or another tool's.
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import { UsageError } from "../errors.ts";
import { PNG_SIGNATURE } from "./png.ts";

/** Compressed text may grow to this many bytes; longer is a decompression bomb rather than a prompt. */
const MAX_TEXT = 16 * 2 ** 20;

/**
 * The texts of a PNG by keyword, in file order (`tEXt`, `zTXt` and `iTXt` chunks). A file that was cut off gives what comes
 * before the cut.
 *
 * @param name the file's name, for messages
 * @throws UsageError when the bytes are no PNG
 */
export function readPngText(bytes: Uint8Array, name: string): Map<string, string> {
  if (PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new UsageError(`${name} is not a PNG; only PNG files carry their settings in a way this program reads.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = new Map<string, string>();
  for (let at = PNG_SIGNATURE.length; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end > bytes.length) break;
    const type = latin1(bytes.subarray(at + 4, at + 8));
    if (type in READERS) {
      const body = bytes.subarray(at + 8, end);
      const zero = body.indexOf(0);
      if (zero > 0) {
        const keyword = latin1(body.subarray(0, zero));
        try {
          texts.set(keyword, READERS[type](body.subarray(zero + 1)));
        } catch (cause) {
          throw new UsageError(`${name}: the text "${keyword}" cannot be read: ${(cause as Error).message}`, { cause });
        }
      }
    }
    at = end + 4;
  }
  return texts;
}

/** How each kind of chunk writes what follows its keyword. */
const READERS: Record<string, (body: Uint8Array) => string> = {
  tEXt: latin1,
  zTXt: (body) => latin1(inflate(body.subarray(1))),
  iTXt: (body) => {
    const languageEnd = body.indexOf(0, 2);
    const text = body.subarray(body.indexOf(0, languageEnd + 1) + 1);
    return new TextDecoder().decode(body[0] === 1 ? inflate(text) : text);
  },
};

function inflate(bytes: Uint8Array): Uint8Array {
  return inflateSync(bytes, { maxOutputLength: MAX_TEXT });
}

/** One character a byte. TextDecoder's "latin1" is Windows-1252, which differs from 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
