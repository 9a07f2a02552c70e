/**
 * Pickles and torch's zip archives written by hand, for tests that need what torch would never write.
 *
 * @module
 */

/** Bytes of opcodes: text stands for its Latin-1 bytes. */
export function bytesOf(...parts: (string | number | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number"
        ? [part]
        : typeof part === "string"
        ? Array.from(part, (c) => c.charCodeAt(0))
        : [...part]
    ),
  );
}

const le = (value: number, count: number) => Array.from({ length: count }, (_, i) => value / 256 ** i & 255);

/** BINUNICODE. */
export const unicode = (text: string): Uint8Array => bytesOf("X", Uint8Array.from(le(text.length, 4)), text);
/** BININT. */
export const int = (value: number): Uint8Array => bytesOf("J", Uint8Array.from(le(value, 4)));
/** LONG_BINPUT and LONG_BINGET. */
export const put = (index: number): Uint8Array => bytesOf("r", Uint8Array.from(le(index, 4)));
/** See {@linkcode put}. */
export const get = (index: number): Uint8Array => bytesOf("j", Uint8Array.from(le(index, 4)));

/** A reference to the f32 storage called by what `key` pushes. */
export const storage = (key: Uint8Array, count = 1): Uint8Array =>
  bytesOf("(", unicode("storage"), "ctorch\nFloatStorage\n", key, unicode("cpu"), int(count), "tQ");

/** A tensor in that storage, whose shape and stride are what these push. */
export const tensor = (key: Uint8Array, shape: Uint8Array, stride: Uint8Array): Uint8Array =>
  bytesOf("ctorch._utils\n_rebuild_tensor_v2\n(", storage(key), int(0), shape, stride, "tR");

/** A tuple of counts. */
export const counts = (...values: number[]): Uint8Array => bytesOf("(", ...values.map(int), "t");

/**
 * Values that double in length with every level: text of them would have 2^levels characters. Leaves memo `levels`
 * behind.
 */
export const laugh = (levels: number): Uint8Array =>
  bytesOf(
    unicode("a"),
    put(0),
    ...Array.from({ length: levels }, (_, i) => bytesOf("0", get(i), get(i), "\x86", put(i + 1))),
    "0",
  );

/** A zip archive as torch lays it out, its entries stored. */
export function torchZip(pickle: Uint8Array, storages: Record<string, Uint8Array> = {}): Uint8Array {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const entries = { "data.pkl": bytesOf("\x80\x02", pickle, "."), ...storages };
  for (const [name, bytes] of Object.entries(entries)) {
    const path = `archive/${name === "data.pkl" ? name : `data/${name}`}`;
    const fields = [...le(0, 2), ...le(0, 8), ...le(bytes.length, 4), ...le(bytes.length, 4), ...le(path.length, 2)];
    const local = bytesOf("PK\x03\x04", Uint8Array.from([20, 0, 0, 0, ...fields, 0, 0]), path, bytes);
    directory.push(
      bytesOf(
        "PK\x01\x02",
        Uint8Array.from([20, 0, 20, 0, 0, 0, ...fields, ...le(0, 12), ...le(at, 4)]),
        path,
      ),
    );
    body.push(local);
    at += local.length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = [...le(0, 4), ...le(directory.length, 2), ...le(directory.length, 2), ...le(size, 4), ...le(at, 4), 0, 0];
  return bytesOf(...body, ...directory, "PK\x05\x06", Uint8Array.from(end));
}
