/**
 * What of Node's library takes long to load, 10 ms with its streams: loaded at its first use, which for a picture from
 * a prompt is when the device computes.
 */
import process from "node:process";

const crypto = () => process.getBuiltinModule("node:crypto");
const zlib = () => process.getBuiltinModule("node:zlib");

/** Loads all of it. */
export function loadNode(): void {
  crypto();
  zlib();
}

/** See node:crypto. */
export const createHash: typeof import("node:crypto").createHash = (...args) => crypto().createHash(...args);

/** See node:zlib. */
export const crc32: typeof import("node:zlib").crc32 = (...args) => zlib().crc32(...args);

/** See node:zlib. */
export const deflateSync: typeof import("node:zlib").deflateSync = (...args) => zlib().deflateSync(...args);

/** See node:zlib. */
export const inflateSync: typeof import("node:zlib").inflateSync = (...args) => zlib().inflateSync(...args);
