/**
 * What torch.save writes into a pickle: dictionaries of tensors, each a strided view of a storage that lies elsewhere.
 * Source: torch/_utils.py and torch/serialization.py.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { COUNT_OF } from "../limits.ts";
import { Global, type PickleRules } from "./pickle.ts";
import type { DType } from "./tensor_source.ts";

const STORAGES: Record<string, DType> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
  "torch.UntypedStorage": "U8",
  "torch.storage.UntypedStorage": "U8",
};

const DTYPES: Record<string, DType> = {
  "torch.float64": "F64",
  "torch.float32": "F32",
  "torch.float16": "F16",
  "torch.bfloat16": "BF16",
  "torch.float8_e4m3fn": "F8_E4M3",
  "torch.float8_e5m2": "F8_E5M2",
  "torch.int64": "I64",
  "torch.int32": "I32",
  "torch.uint8": "U8",
  "torch.bool": "BOOL",
};

/**
 * Names besides storages and types that training scripts leave in checkpoints. What they make is not looked at, but for
 * tensors.
 */
const ALLOWED = [
  "collections.OrderedDict",
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_tensor_v3",
  "torch._utils._rebuild_parameter",
  "torch.Size",
  "torch.device",
  "__builtin__.set",
  "builtins.set",
  "_codecs.encode",
  "numpy.dtype",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
];

/** Some numbers in the file, of which tensors are views. */
export interface Storage {
  key: string;
  dtype: DType;
  count: number;
}

/** A tensor in the pickle: a strided view of a storage, in elements. */
export class StoredTensor {
  constructor(
    readonly storage: Storage,
    readonly dtype: DType,
    readonly offset: number,
    readonly shape: number[],
    readonly stride: number[],
  ) {}
}

/**
 * Reads tensors, and nothing else that would need code.
 * @param path names the file in messages
 * @param storages gets the type of every storage that the pickle refers to, by its key
 */
export function torchRules(path: string, storages = new Map<string, DType>(), signal?: AbortSignal): PickleRules {
  let entries = 0;
  return {
    where: path,
    signal,
    allows: (name) => ALLOWED.includes(name) || Object.hasOwn(STORAGES, name) || Object.hasOwn(DTYPES, name),
    call(name, args) {
      if (name === "collections.OrderedDict") {
        const items = pairs(args[0]);
        entries += items.length; // one list may be asked for many times, and every dictionary is a copy
        if (entries > COUNT_OF.values) {
          throw new ModelError(`${path} has dictionaries of more than ${entries} entries.`);
        }
        return new Map(items);
      }
      if (name === "torch._utils._rebuild_parameter") return args[0];
      if (name === "torch.Size") return args[0];
      if (!name.startsWith("torch._utils._rebuild_tensor")) return new Global(name);
      const [storage, offset, shape, stride] = args as [Storage, number, number[], number[]];
      const dtype = name.endsWith("_v3") ? DTYPES[(args[6] as Global | undefined)?.name ?? ""] : storage?.dtype;
      const valid = dtype && isStorage(storage) && isCounts([offset]) && isCounts(shape) && isCounts(stride) &&
        shape.length === stride.length;
      if (!valid) {
        const found = `shape ${brief(shape)}, stride ${brief(stride)}, type ${dtype}`;
        throw new ModelError(`${path} has a tensor of ${found}: damaged.`);
      }
      return new StoredTensor(storage, dtype, offset, shape, stride);
    },
    persistent(id) {
      const [kind, type, key, , count] = Array.isArray(id) ? id : [];
      const dtype = type instanceof Global && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
      const named = typeof key === "string" && key.length <= COUNT_OF.name || typeof key === "number";
      if (kind !== "storage" || !dtype || !named || !Number.isSafeInteger(count)) {
        throw new ModelError(`${path} refers to something that is no tensor storage: it is damaged.`);
      }
      storages.set(String(key), dtype);
      return { key: String(key), dtype, count } satisfies Storage;
    },
  };
}

function isStorage(value: unknown): value is Storage {
  return typeof value === "object" && value !== null && "key" in value && "dtype" in value && "count" in value;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= COUNT_OF.axes &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function pairs(value: unknown): [unknown, unknown][] {
  return Array.isArray(value)
    ? value.filter((pair) => Array.isArray(pair) && pair.length === 2) as [unknown, unknown][]
    : [];
}

/**
 * All tensors within nested dictionaries, each under its path. Dictionaries may contain themselves.
 * @throws ModelError for more tensors or longer paths than any model has
 */
export function* namedTensors(root: unknown, file: string): Generator<[string, StoredTensor]> {
  const seen = new Set<unknown>();
  const waiting: [path: string, depth: number, value: unknown][] = [["", 0, root]];
  let count = 0;
  for (let next; (next = waiting.pop());) {
    const [path, depth, value] = next;
    if (value instanceof StoredTensor) {
      if (++count > COUNT_OF.tensors) throw new ModelError(`${file} has more than ${COUNT_OF.tensors} tensors.`);
      yield [path.replace(/^state_dict\./, ""), value];
    }
    if (!(value instanceof Map) || seen.has(value)) continue;
    if (depth > COUNT_OF.depth) throw new ModelError(`${file} nests more than ${COUNT_OF.depth} dictionaries.`);
    seen.add(value);
    const entries = [...value].filter(([key]) => typeof key === "string" || typeof key === "number");
    for (const [key, inner] of entries.reverse()) {
      if (!(inner instanceof StoredTensor || inner instanceof Map)) continue;
      const name = path ? `${path}.${key}` : String(key);
      if (name.length > COUNT_OF.name) {
        const start = briefText(name);
        throw new ModelError(
          `${file} has a name of ${name.length} characters (${start}); expected at most ${COUNT_OF.name}.`,
        );
      }
      waiting.push([name, depth + 1, inner]);
    }
  }
}
