/**
 * Files written by torch.save (`.ckpt`, `.pt`, `.bin`): today's zip archives and the pickles of before torch 1.6. Only
 * tensors and plain data are read from the pickle inside; see torch_pickle.ts.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { ByteFile } from "../files/byte_file.ts";
import { BYTES_OF } from "../limits.ts";
import { BYTES } from "./dtype.ts";
import { PickleCut, readPickle } from "./pickle.ts";
import { type DType, rangeOf, type TensorInfo, type TensorSource } from "./tensor_source.ts";
import { namedTensors, type StoredTensor, torchRules } from "./torch_pickle.ts";
import { readZipDirectory, type ZipEntry } from "./zip.ts";

type Placed = TensorInfo & { place: number; stride: number[] | undefined; span: number };

/**
 * Opens a torch file. Tensors are named by their path through the dictionaries, without a leading `state_dict.`.
 * @throws ModelError for damage, and for a pickle that names anything not on the allow-list
 */
export async function openTorch(path: string, signal?: AbortSignal): Promise<TensorSource> {
  const file = await ByteFile.open(path);
  try {
    const magic = await file.bytesAt(0, Math.min(2, file.size));
    const { root, storages } = magic[0] === 0x50 ? await readArchive(file, signal) : await readLegacy(file, signal);
    const tensors = new Map<string, Placed>();
    for (const [name, tensor] of namedTensors(root, path)) tensors.set(name, locate(name, tensor, storages, path));
    /** The strided tensor that is being read piece by piece, until its end. */
    let gathered: { name: string; bytes: Uint8Array } | undefined;
    return {
      tensors,
      describe: path,
      close: () => file.close(),
      async read(name, into, start = 0) {
        const tensor = rangeOf(tensors, name, start, into.length, path);
        if (!tensor.stride) return await file.readAt(into, tensor.place + start);
        const { place, span, shape, stride, dtype } = tensor;
        if (gathered?.name !== name) {
          gathered = { name, bytes: gather(await file.bytesAt(place, span), shape, stride, BYTES[dtype]) };
        }
        into.set(gathered.bytes.subarray(start, start + into.length));
        if (start + into.length === tensor.bytes) gathered = undefined;
      },
    };
  } catch (error) {
    file.close();
    throw error instanceof PickleCut ? new ModelError(`${path} ends within its pickle. It is truncated.`) : error;
  }
}

async function readArchive(file: ByteFile, signal?: AbortSignal) {
  const entries = await readZipDirectory(file);
  const main = [...entries.keys()].find((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  if (main === undefined) {
    throw new ModelError(`${file.path} is a zip archive without data.pkl: torch did not write it.`);
  }
  const folder = main.slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (
    order && order.bytes < 16 &&
    new TextDecoder().decode(await file.bytesAt(order.offset, order.bytes)).trim() !== "little"
  ) {
    throw new ModelError(`${file.path} is big-endian; only little-endian files are supported.`);
  }
  const pickle = entries.get(main)!;
  if (pickle.bytes > BYTES_OF.pickle) {
    throw new ModelError(`${file.path} has a pickle of ${pickle.bytes} bytes; expected at most ${BYTES_OF.pickle}.`);
  }
  const rules = torchRules(file.path, undefined, signal);
  const { value } = await readPickle(await file.bytesAt(pickle.offset, pickle.bytes), 0, rules);
  const storages = (key: string) => entries.get(`${folder}data/${key}`);
  return { root: value, storages };
}

/**
 * Magic number, version, system, the object, the storages' keys: five pickles; then each storage, its length before it.
 */
async function readLegacy(file: ByteFile, signal?: AbortSignal) {
  const most = Math.min(file.size, BYTES_OF.pickle);
  for (let size = Math.min(most, 1 << 20);; size = Math.min(most, size * 4)) {
    const head = await file.bytesAt(0, size);
    const values: unknown[] = [];
    const types = new Map<string, DType>();
    let end = 0;
    try {
      while (values.length < 5) {
        const read = await readPickle(head, end, torchRules(file.path, types, signal));
        values.push(read.value);
        end = read.end;
        if (values[0] !== 0x1950a86a20f9469cfc6cn) {
          throw new ModelError(`${file.path} is a pickle, but torch did not write it.`);
        }
      }
    } catch (error) {
      if (error instanceof PickleCut && size < most) continue;
      throw error;
    }
    return { root: values[3], storages: await legacyStorages(file, types, values[4], end) };
  }
}

async function legacyStorages(file: ByteFile, types: Map<string, DType>, keys: unknown, start: number) {
  const entries = new Map<string, ZipEntry>();
  let at = start;
  for (const key of Array.isArray(keys) ? keys : []) {
    const name = typeof key === "string" || typeof key === "number" ? String(key) : "";
    const type = types.get(name);
    if (!type) throw new ModelError(`${file.path} has a storage that its pickle does not know: damaged.`);
    const count = Number(new DataView((await file.bytesAt(at, 8)).buffer).getBigUint64(0, true));
    const bytes = count * BYTES[type];
    entries.set(name, { offset: at + 8, bytes });
    at += 8 + bytes;
    if (at > file.size) {
      throw new ModelError(
        `${file.path} has ${file.size} bytes, but its storage ${briefText(name)} ends at byte ${at}. It is truncated.`,
      );
    }
  }
  return (key: string) => entries.get(key);
}

function locate(
  name: string,
  { storage, dtype, offset, shape, stride }: StoredTensor,
  storages: (key: string) => ZipEntry | undefined,
  file: string,
): Placed {
  const entry = storages(storage.key);
  if (!entry) {
    throw new ModelError(
      `${briefText(name)} in ${file} lies in the storage "${briefText(storage.key)}", which is missing.`,
    );
  }
  const size = BYTES[dtype];
  const count = shape.reduce((product, n) => product * n, 1);
  const last = count === 0 ? 0 : shape.reduce((sum, n, i) => sum + (n - 1) * stride[i], 1);
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(last) || (offset + last) * size > entry.bytes) {
    throw new ModelError(
      `${
        briefText(name)
      } in ${file}, ${dtype} [${shape}] from element ${offset}, needs more than the ${entry.bytes} bytes of its storage.`,
    );
  }
  let step = 1;
  const dense = shape.map((n, i) => [n, stride[i]]).reverse().every(([n, s]) => {
    const fits = n === 1 || s === step;
    step *= n;
    return fits;
  });
  if (!dense && count > last) throw new ModelError(`${briefText(name)} in ${file} repeats its numbers: damaged.`);
  const common = { name, dtype, shape, bytes: count * size, file, place: entry.offset + offset * size };
  return { ...common, stride: dense || count === 0 ? undefined : stride, span: last * size };
}

/** The numbers of a strided tensor in row-major order. */
function gather(span: Uint8Array, shape: number[], stride: number[], size: number): Uint8Array {
  const count = shape.reduce((product, n) => product * n, 1);
  const out = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < count; i++) {
    for (let b = 0; b < size; b++) out[i * size + b] = span[from * size + b];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * stride[axis];
      index[axis] = 0;
    }
  }
  return out;
}
