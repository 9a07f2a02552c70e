/**
 * Weights kept on disk as the device holds them, so that the next load only moves bytes. One safetensors file for each
 * network, called by all that decides its contents: a changed checkpoint or another layout gets another file in the
 * place of the old one.
 *
 * @module
 */
import { crc32 } from "../deps/node.ts";
import { basename, join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { ByteFile } from "../files/byte_file.ts";
import { cacheHome } from "../files/cache_home.ts";
import { fingerprint } from "../files/fingerprint.ts";
import { openSafetensors, safetensorsHead } from "../formats/safetensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { packedSize } from "./pack_host.ts";
import type { Weights } from "./weights.ts";

/** Version of the layout of panels: goes up whenever it changes. */
const LAYOUT = 4;

/** What complete files end in. */
const KEPT = ".safetensors";

/** Milliseconds after which a file that was being written is left over from a program that was killed. */
const ABANDONED = 24 * 3600 * 1000;

/** Where packed weights are kept: the user's cache folder. @throws UsageError where there is none */
export function packedFolder(): string {
  const { env } = Deno;
  const home = Deno.build.os === "windows" ? env.get("LOCALAPPDATA") : undefined;
  return join(home || cacheHome((name) => env.get(name)), "rpg", "packed");
}

/**
 * Opens the packed weights of a network, and packs them first where they are not there yet.
 * @param say is told what was packed or could not be kept
 * @param signal ends packing and checking: its reason is thrown, and nothing half-written stays
 * @returns the matrices by their weights' names; nothing where all stay quantised, or the disk would not take them
 */
export async function openPackedCache(
  folder: string,
  weights: Weights,
  source: TensorSource,
  say: (sentence: string) => void,
  signal?: AbortSignal,
): Promise<TensorSource | undefined> {
  if (weights.list.length === 0) return undefined;
  const { network, contents } = await keysOf(weights, source);
  const start = `${network}-${contents}-`;
  const kept = (await namesIn(folder)).find((name) => name.startsWith(start) && name.endsWith(KEPT));
  if (kept) {
    try {
      return await openComplete(join(folder, kept), weights, signal);
    } catch (error) {
      signal?.throwIfAborted();
      say(`${(error as Error).message} Repacking.`);
    }
  }
  const part = join(folder, `${start}${crypto.randomUUID()}.part`);
  try {
    await Deno.mkdir(folder, { recursive: true });
    const checksum = await writePacked(part, weights, source, signal);
    const path = join(folder, `${start}${checksum}${KEPT}`);
    await Deno.rename(part, path);
    for (const name of await namesIn(folder)) {
      if (!name.startsWith(`${network}-`) || name === basename(path)) continue;
      const other = join(folder, name);
      const isOld = name.endsWith(KEPT) || await isAbandoned(other);
      if (isOld) await Deno.remove(other).catch(() => {}); // another process may have been first
    }
    say(`The packed ${weights.network} is kept in ${path}.`);
    return await openSafetensors(path);
  } catch (error) {
    if (!isDiskError(error)) throw error;
    say(`The packed ${weights.network} is not kept: ${(error as Error).message}`);
    return undefined;
  } finally {
    await Deno.remove(part).catch(() => {}); // it is gone where all went well
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const changed = await Deno.stat(path).then(({ mtime }) => mtime?.getTime(), () => undefined);
  return changed !== undefined && Date.now() - changed > ABANDONED;
}

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
}

/**
 * Opens a file of packed weights.
 * @throws ModelError where it does not hold just what `weights` needs, or a byte of it is not as it was written
 */
async function openComplete(path: string, weights: Weights, signal?: AbortSignal): Promise<TensorSource> {
  const source = await openSafetensors(path);
  try {
    const bytes = weights.precision === "f16" ? 2 : 4;
    const wrong = weights.list.find((weight) => source.tensors.get(weight.name)?.bytes !== packedSize(weight) * bytes);
    if (wrong) throw new ModelError(`${path} does not hold ${wrong.name} as it should.`);
    const [, checksum] = path.match(/-([0-9a-f]{8})\.safetensors$/) ?? [];
    if (checksum !== await checksumOf(path, signal)) throw new ModelError(`${path} is damaged: its checksum is wrong.`);
    return source;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** CRC-32 of a whole file: what it costs is reading it, and what follows reads it from memory then. */
async function checksumOf(path: string, signal?: AbortSignal): Promise<string> {
  const file = await ByteFile.open(path);
  try {
    const buffer = new Uint8Array(Math.min(file.size, 8 * 1024 * 1024));
    let sum = 0;
    for (let at = 0; at < file.size; at += buffer.length) {
      signal?.throwIfAborted();
      const piece = buffer.subarray(0, Math.min(buffer.length, file.size - at));
      await file.readAt(piece, at);
      sum = crc32(piece, sum);
    }
    return hex(sum);
  } finally {
    file.close();
  }
}

const hex = (sum: number) => sum.toString(16).padStart(8, "0");

/** No room, a read-only disk, no permission and the like. */
function isDiskError(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || error instanceof Error && /os error/.test(error.message);
}

/**
 * What names a file: which network in which precision, and all that decides its contents: the layout, name, shape and
 * type of every tensor, what was done to them, and size, times and samples of the files they are in. A copy may keep a
 * file's time of change (`cp -p`), but not the time at which the system saw it change.
 */
async function keysOf(weights: Weights, source: TensorSource): Promise<{ network: string; contents: string }> {
  const tensors = [...weights.names].sort().map((name) => source.tensors.get(name)!);
  const files = await Promise.all([...new Set(tensors.map(({ file }) => file))].map(async (file) => {
    const { size, mtime, ctime } = await Deno.stat(file);
    return [await Deno.realPath(file), size, mtime?.getTime(), ctime?.getTime(), await fingerprint(file)];
  }));
  const shapes = tensors.map(({ name, dtype, shape }) => [name, dtype, shape]);
  const layouts = weights.list.map(({ taps, panel }) => [taps, panel]); // differ between classes of device
  return {
    network: await hash([weights.network, weights.precision, files.map(([path]) => path)]),
    contents: await hash([LAYOUT, layouts, files, shapes, source.identity]),
  };
}

async function hash(value: unknown): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(value)));
  return new Uint8Array(digest).toHex().slice(0, 16);
}

/** @returns the file's checksum */
async function writePacked(
  path: string,
  weights: Weights,
  source: TensorSource,
  signal?: AbortSignal,
): Promise<string> {
  const dtype = weights.precision === "f16" ? "F16" : "F32";
  using file = await Deno.open(path, { write: true, createNew: true });
  let sum = 0;
  const write = async (bytes: Uint8Array) => {
    sum = crc32(bytes, sum);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  };
  await write(safetensorsHead(weights.list.map((w) => ({ name: w.name, dtype, shape: [packedSize(w)] }))));
  for await (const { weight, packed } of weights.packed(source)) {
    signal?.throwIfAborted();
    await write(packed.subarray(0, weight.panels.bytes));
  }
  await file.sync();
  return hex(sum);
}
