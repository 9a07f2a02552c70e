/**
 * The size of a picture from its first bytes, so that nothing is unpacked that is too large.
 *
 * @module
 */

/** What kinds of files are read. */
export type PictureFormat = "png" | "jpeg" | "webp";

/** What a file says of itself. */
export interface PictureHeader {
  format: PictureFormat;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
}

/** The header of a PNG, JPEG or WebP file; undefined for anything else and for what is cut off before it. */
export function pictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (at: number, text: string) => [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));
  if (has(0, "\x89PNG\r\n\x1a\n")) {
    if (bytes.length < 24) return;
    return { format: "png", width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (has(0, "RIFF") && has(8, "WEBP")) return webp(view, has);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(view);
}

function webp(view: DataView, has: (at: number, text: string) => boolean): PictureHeader | undefined {
  if (view.byteLength < 30) return;
  const format = "webp";
  if (has(12, "VP8X")) {
    const side = (at: number) => 1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
    return { format, width: side(24), height: side(27) };
  }
  if (has(12, "VP8L")) {
    const bits = view.getUint32(21, true);
    return { format, width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (has(12, "VP8 ")) {
    return { format, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
}

/** From the frame's header, behind any number of other segments. */
function jpeg(view: DataView): PictureHeader | undefined {
  for (let at = 2; at + 9 < view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { format: "jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xff) at += 1;
    else at += 2 + view.getUint16(at + 2);
  }
}
