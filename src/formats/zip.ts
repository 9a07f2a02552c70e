/**
 * The directory of a zip archive whose entries are stored as they are, which is how torch writes its files.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7–4.3.16.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { ByteFile } from "../files/byte_file.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";

/** An entry's bytes within the archive's file. */
export interface ZipEntry {
  offset: number;
  bytes: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/**
 * All entries by name. Compressed entries are refused: torch writes none, and they could unpack to any size.
 * @throws ModelError naming what is damaged
 */
export async function readZipDirectory(file: ByteFile): Promise<Map<string, ZipEntry>> {
  const damaged = (what: string) =>
    new ModelError(`${file.path} is a damaged zip archive: ${what}. It may be truncated.`);
  const { count, offset, size } = await findDirectory(file, damaged);
  if (size > BYTES_OF.zipDirectory) throw damaged(`its directory claims ${size} bytes`);
  if (count > COUNT_OF.tensors) throw damaged(`its directory claims ${count} entries`);
  const view = new DataView((await file.bytesAt(offset, size)).buffer);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL) throw damaged(`its entry ${i} is not there`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const end = at + 46 + nameLength + extraLength + commentLength;
    if (end > size) throw damaged(`its entry ${i} is cut off`);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength));
    const [bytes, packed, local] = wideFields(view, at, 46 + nameLength, extraLength);
    if (view.getUint16(at + 10, true) !== 0 || bytes !== packed) {
      throw new ModelError(
        `${briefText(name)} in ${file.path} is compressed; torch stores tensors as they are. It is refused.`,
      );
    }
    if (entries.has(name)) throw damaged(`${briefText(name)} is there twice`);
    const start = await dataStart(file, local, name, damaged);
    if (start + bytes > file.size) throw damaged(`${briefText(name)} ends behind the file`);
    entries.set(name, { offset: start, bytes });
    at = end;
  }
  return entries;
}

async function findDirectory(file: ByteFile, damaged: (what: string) => ModelError) {
  const tail = Math.min(file.size, 22 + 65535);
  const view = new DataView((await file.bytesAt(file.size - tail, tail)).buffer);
  let at = tail - 22;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) throw damaged("its directory is missing");
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  if (at >= 20 && view.getUint32(at - 20, true) === LOCATOR64) {
    const place = Number(view.getBigUint64(at - 12, true));
    if (place + 56 > file.size) throw damaged("its directory is missing");
    const wide = new DataView((await file.bytesAt(place, 56)).buffer);
    if (wide.getUint32(0, true) !== END64) throw damaged("its directory is missing");
    [count, size, offset] = [32, 40, 48].map((field) => Number(wide.getBigUint64(field, true)));
  }
  if (offset + size > file.size) throw damaged("its directory lies behind its end");
  return { count, offset, size };
}

/** Size, packed size and place of an entry, from the zip64 field where the plain ones are full. */
function wideFields(view: DataView, at: number, extraAt: number, extraLength: number): number[] {
  const fields = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  const end = at + extraAt + extraLength;
  for (let extra = at + extraAt; extra + 4 <= end; extra += 4 + view.getUint16(extra + 2, true)) {
    if (view.getUint16(extra, true) !== 1) continue;
    let wide = extra + 4;
    return fields.map((field) => {
      if (field !== 0xffffffff || wide + 8 > end) return field;
      wide += 8;
      return Number(view.getBigUint64(wide - 8, true));
    });
  }
  return fields;
}

/** An entry's bytes follow its own header, whose length only that header tells. */
async function dataStart(file: ByteFile, local: number, name: string, damaged: (what: string) => ModelError) {
  if (local + 30 > file.size) throw damaged(`${briefText(name)} lies behind its end`);
  const view = new DataView((await file.bytesAt(local, 30)).buffer);
  if (view.getUint32(0, true) !== LOCAL) throw damaged(`${briefText(name)} has no header`);
  return local + 30 + view.getUint16(26, true) + view.getUint16(28, true);
}
