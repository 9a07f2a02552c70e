/**
 * Weights kept on disk as the device holds them, so that the next load only moves bytes. One safetensors file for each network,
 * called by all that decides its contents: a changed checkpoint or another layout gets another file in the place of the old one.
 *
 * @module
 */
import { basename, join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { openSafetensors, safetensorsHead } from "../formats/safetensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { packedSize } from "./pack_host.ts";
import type { Weights } from "./weights.ts";

/** Goes up whenever panels change. */
const LAYOUT = 1;

/** Where packed weights are kept: the user's cache folder. */
export function packedFolder(): string {
  const { env } = Deno;
  const home = env.get("XDG_CACHE_HOME") ?? env.get("LOCALAPPDATA") ?? join(env.get("HOME") ?? ".", ".cache");
  return join(home, "rpg", "packed");
}

/**
 * Opens the packed weights of a network, and packs them first where they are not there yet.
 * @param say is told what was packed or could not be kept
 * @returns the matrices by their weights' names; nothing where the disk would not take them
 */
export async function openPackedCache(
  folder: string,
  weights: Weights,
  source: TensorSource,
  say: (sentence: string) => void,
): Promise<TensorSource | undefined> {
  const { network, contents } = await keysOf(weights, source);
  const path = join(folder, `${network}-${contents}.safetensors`);
  try {
    return await openComplete(path, weights);
  } catch (error) {
    if (await exists(path).catch(() => false)) say(`${(error as Error).message} It is packed anew.`);
  }
  const part = `${path}.${crypto.randomUUID()}.part`;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await writePacked(part, weights, source);
    await Deno.rename(part, path);
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(`${network}-`) && name !== basename(path)) await Deno.remove(join(folder, name));
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

/** Opens a file of packed weights. @throws ModelError where it does not hold just what `weights` needs */
async function openComplete(path: string, weights: Weights): Promise<TensorSource> {
  const source = await openSafetensors(path);
  const bytes = weights.precision === "f16" ? 2 : 4;
  const wrong = weights.list.find((weight) => source.tensors.get(weight.name)?.bytes !== packedSize(weight) * bytes);
  if (!wrong) return source;
  source.close();
  throw new ModelError(`${path} does not hold ${wrong.name} as it should.`);
}

/** No room, a read-only disk, no permission and the like. */
function isDiskError(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || error instanceof Error && /os error/.test(error.message);
}

/**
 * What names a file: which network in which precision, and all that decides its contents: the layout, name, shape and type of every
 * tensor, and size and time of the files they are in.
 */
async function keysOf(weights: Weights, source: TensorSource): Promise<{ network: string; contents: string }> {
  const tensors = [...weights.names].sort().map((name) => source.tensors.get(name)!);
  const files = await Promise.all([...new Set(tensors.map(({ file }) => file))].map(async (file) => {
    const { size, mtime } = await Deno.stat(file);
    return [await Deno.realPath(file), size, mtime?.getTime()];
  }));
  return {
    network: await hash([weights.network, weights.precision, files.map(([path]) => path)]),
    contents: await hash([LAYOUT, files, tensors.map(({ name, dtype, shape }) => [name, dtype, shape])]),
  };
}

async function hash(value: unknown): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(value)));
  return new Uint8Array(digest).toHex().slice(0, 16);
}

async function writePacked(path: string, weights: Weights, source: TensorSource): Promise<void> {
  const dtype = weights.precision === "f16" ? "F16" : "F32";
  using file = await Deno.open(path, { write: true, createNew: true });
  await writeAll(file, safetensorsHead(weights.list.map((w) => ({ name: w.name, dtype, shape: [packedSize(w)] }))));
  for await (const { packed } of weights.packed(source)) {
    await writeAll(file, new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength));
  }
  await file.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
