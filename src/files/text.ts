/**
 * Bytes as text: UTF-8, or UTF-16 where a byte order mark says so, as Windows' editors and PowerShell write it.
 *
 * @module
 */

/** The text without its byte order mark; undefined where the bytes are no text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe
    ? "utf-16le"
    : bytes[0] === 0xfe && bytes[1] === 0xff
    ? "utf-16be"
    : undefined;
  try {
    return new TextDecoder(utf16 ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
