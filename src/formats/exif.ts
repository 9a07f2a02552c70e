/**
 * Texts in EXIF data, where JPEG and WebP keep them: `parameters` as UserComment, as the web UIs write and read it;
 * this program's own JSON as MakerNote, the tag for what only its maker understands.
 *
 * @see https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E (Exif 3.0)
 * @module
 */
import { concat } from "./bytes.ts";

const SOFTWARE = 0x0131, EXIF_DIRECTORY = 0x8769, MAKER_NOTE = 0x927c, USER_COMMENT = 0x9286;
const ASCII = 2, LONG = 4, UNDEFINED = 7;
const UTF16 = "UNICODE\0";

interface Entry {
  tag: number;
  type: number;
  bytes: Uint8Array;
}

/**
 * A TIFF structure that holds texts.
 *
 * @param comment becomes the UserComment, in UTF-16 as the web UIs have it
 * @param note becomes the MakerNote: `<name>\0<text>` in UTF-8
 */
export function encodeExif(
  { software, comment, note }: { software: string; comment?: string; note?: { name: string; text: string } },
): Uint8Array {
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const inner: Entry[] = [
    ...(note ? [{ tag: MAKER_NOTE, type: UNDEFINED, bytes: utf8(`${note.name}\0${note.text}`) }] : []),
    ...(comment === undefined ? [] : [{ tag: USER_COMMENT, type: UNDEFINED, bytes: utf16(comment) }]),
  ];
  const named = { tag: SOFTWARE, type: ASCII, bytes: utf8(`${software}\0`) };
  // The inner directory follows the outer one, so its place is known once the outer one has its size.
  const outer = (at: number) => directory([named, { tag: EXIF_DIRECTORY, type: LONG, bytes: uint32(at) }], 8);
  const start = 8 + outer(0).length;
  return concat([new Uint8Array([0x4d, 0x4d, 0, 42]), uint32(8), outer(start), directory(inner, start)]);
}

/** A directory at `start`, with what does not fit an entry behind it. */
function directory(entries: Entry[], start: number): Uint8Array {
  const head = new Uint8Array(2 + entries.length * 12 + 4);
  const view = new DataView(head.buffer);
  const values: Uint8Array[] = [];
  let at = start + head.length;
  view.setUint16(0, entries.length);
  entries.forEach(({ tag, type, bytes }, i) => {
    const place = 2 + i * 12;
    view.setUint16(place, tag);
    view.setUint16(place + 2, type);
    view.setUint32(place + 4, type === LONG ? 1 : bytes.length);
    if (bytes.length <= 4) return head.set(bytes, place + 8);
    view.setUint32(place + 8, at);
    values.push(bytes, new Uint8Array(bytes.length % 2)); // values begin at even places
    at += bytes.length + bytes.length % 2;
  });
  return concat([head, ...values]);
}

function utf16(text: string): Uint8Array {
  const out = new Uint8Array(8 + text.length * 2);
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(UTF16));
  for (let i = 0; i < text.length; i++) view.setUint16(8 + i * 2, text.charCodeAt(i));
  return out;
}

/** What a TIFF structure says in UserComment and MakerNote; nothing where it is damaged. */
export function decodeExif(tiff: Uint8Array): { comment?: string; note?: { name: string; text: string } } {
  const little = tiff[0] === 0x49;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const find = (start: number, tag: number): Uint8Array | undefined => {
    const count = start + 2 <= tiff.length ? view.getUint16(start, little) : 0;
    for (let i = 0, at = start + 2; i < count && at + 12 <= tiff.length; i++, at += 12) {
      if (view.getUint16(at, little) !== tag) continue;
      if (view.getUint16(at + 2, little) === LONG) return tiff.subarray(at + 8, at + 12);
      const length = view.getUint32(at + 4, little);
      const place = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
      return place + length <= tiff.length ? tiff.subarray(place, place + length) : undefined;
    }
  };
  if (tiff.length < 8) return {};
  const pointer = find(view.getUint32(4, little), EXIF_DIRECTORY);
  if (!pointer || pointer.length < 4) return {};
  const inner = new DataView(pointer.buffer, pointer.byteOffset).getUint32(0, little);
  const comment = find(inner, USER_COMMENT), maker = find(inner, MAKER_NOTE);
  const zero = maker?.indexOf(0) ?? -1;
  return {
    ...(comment && comment.length > 8 ? { comment: commentText(comment, little) } : {}),
    ...(maker && zero > 0 && zero < 80
      ? { note: { name: utf8(maker.subarray(0, zero)), text: utf8(maker.subarray(zero + 1)) } }
      : {}),
  };
}

/**
 * A UserComment behind its eight letters of encoding. Writers disagree on the byte order, so the zeros of ASCII decide.
 */
function commentText(bytes: Uint8Array, little: boolean): string {
  const body = bytes.subarray(8);
  if (!utf8(bytes.subarray(0, 7)).startsWith("UNICODE")) return utf8(body).replace(/\0+$/, "");
  const zeros = [0, 0];
  body.forEach((byte, i) => byte === 0 && zeros[i % 2]++);
  const order = zeros[0] === zeros[1] ? little : zeros[1] > zeros[0];
  return new TextDecoder(order ? "utf-16le" : "utf-16be").decode(body);
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function uint32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}
