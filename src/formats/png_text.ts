/**
 * Read the text that a PNG carries, ours or another tool's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { inflateSync } from "../deps/node.ts";
import { UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { PNG_SIGNATURE } from "./png.ts";

/**
 * The texts of a PNG by keyword, in file order (`tEXt`, `zTXt` and `iTXt` chunks). A file that was cut off gives what
 * comes before the cut.
 *
 * @param name the file's name, for messages
 * @throws UsageError when the bytes are no PNG, or a text is damaged or too long
 */
export function readPngText(bytes: Uint8Array, name: string): Map<string, string> {
  if (PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new UsageError(`${name} is not a PNG; only PNG files carry their settings in a way this program reads.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = new Map<string, string>();
  let left = BYTES_OF.pictureText;
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
          const [text, size] = READERS[type](body.subarray(zero + 1), left);
          left -= size;
          texts.set(keyword, text);
        } catch (cause) {
          throw new UsageError(`${name}: the text "${keyword}" cannot be read: ${(cause as Error).message}`, { cause });
        }
      }
    }
    at = end + 4;
  }
  return texts;
}

/**
 * How each kind of chunk writes what follows its keyword: the text, and the bytes it takes of the `most` that are left.
 */
const READERS: Record<string, (body: Uint8Array, most: number) => [text: string, bytes: number]> = {
  tEXt: (body, most) => [latin1(limited(body, most)), body.length],
  zTXt: (body, most) => {
    const text = inflate(body.subarray(1), most);
    return [latin1(text), text.length];
  },
  iTXt: (body, most) => {
    const languageEnd = body.indexOf(0, 2);
    const rest = body.subarray(body.indexOf(0, languageEnd + 1) + 1);
    const text = body[0] === 1 ? inflate(rest, most) : limited(rest, most);
    return [new TextDecoder().decode(text), text.length];
  },
};

function limited(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length > most) throw tooMuch();
  return bytes;
}

function inflate(bytes: Uint8Array, most: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, most) });
  } catch (error) {
    throw (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? tooMuch() : error;
  }
}

function tooMuch(): RangeError {
  return new RangeError(`the picture holds more than ${BYTES_OF.pictureText} bytes of text`);
}

/** One character a byte. TextDecoder's "latin1" is Windows-1252, which differs from 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
