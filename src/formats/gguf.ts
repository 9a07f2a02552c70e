/**
 * The GGUF format: a head of keys and values, names and places of tensors, then the tensors, aligned. Source:
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { ByteFile } from "../files/byte_file.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";
import { BYTES } from "./dtype.ts";
import { BLOCKS, type BlockType, fromBlocks } from "./ggml_blocks.ts";
import { type DType, rangeOf, type TensorInfo, type TensorSource } from "./tensor_source.ts";

/** ggml's numbers of types. Blocks are shown as f32. */
export const GGML_TYPES: Readonly<Record<number, DType | BlockType>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  30: "BF16",
};

/** Bytes of the values of fixed size, by the number of their type; 8 is text, 9 a list. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const TEXT = 8;
const LIST = 9;

/** A tensor in the file. */
interface Stored extends TensorInfo {
  offset: number;
  stored: DType | BlockType;
}

/** Whether a file with these first four bytes is one. */
export function isGguf(start: Uint8Array): boolean {
  return String.fromCharCode(...start.subarray(0, 4)) === "GGUF";
}

/**
 * Opens a GGUF file and checks its whole head; no tensor is read. Quantised tensors are shown as f32 and unpacked as
 * they are read; `TensorInfo.blocks` names what they are in the file.
 * @throws ModelError naming file, tensor, what was expected and what was found
 */
export async function openGguf(path: string): Promise<TensorSource> {
  const file = await ByteFile.open(path);
  try {
    return { ...await readHead(file), close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function readHead(file: ByteFile): Promise<Omit<TensorSource, "close">> {
  const head = new Head(file);
  const magic = await head.bytes(4);
  if (!isGguf(magic)) throw new ModelError(`${file.path} is no GGUF file.`);
  const version = await head.u32();
  if (version !== 2 && version !== 3) {
    throw new ModelError(`${file.path} is of version ${version} of GGUF; expected 2 or 3. Convert it anew.`);
  }
  const count = await head.count("tensors", COUNT_OF.tensors);
  const keys = await head.count("keys", COUNT_OF.values);
  let alignment = 32;
  const shapes = new Map<string, number[]>();
  const metadata: Record<string, string> = {};
  for (let i = 0; i < keys; i++) {
    const key = await head.text();
    const value = await head.value(await head.u32());
    if (key === "general.alignment") alignment = Number(value);
    if (typeof value === "string") metadata[key] = value;
    // ComfyUI-GGUF stores convolutions as matrices of whole blocks, and their shape beside them.
    const [, name] = key.match(/^comfy\.gguf\.orig_shape\.(.+)$/) ?? [];
    if (name && Array.isArray(value)) shapes.set(name, value.map(Number));
  }
  if (!(alignment >= 8 && alignment <= 2 ** 20 && alignment % 8 === 0)) {
    throw new ModelError(`${file.path} has the alignment ${brief(alignment)}; expected a multiple of 8.`);
  }
  const tensors: Stored[] = [];
  for (let i = 0; i < count; i++) tensors.push(await head.tensor(shapes));
  const start = Math.ceil(head.at / alignment) * alignment;
  for (const tensor of tensors) {
    const { name, offset, stored } = tensor;
    tensor.offset += start;
    const bytes = ggufBytes(stored, tensor.shape);
    if (offset % alignment || tensor.offset + bytes > file.size) {
      throw new ModelError(
        `${file.path} has ${file.size} bytes, but ${briefText(name)} (${stored} [${tensor.shape}]) is said to ` +
          `be at ${tensor.offset} to ${tensor.offset + bytes}. It is truncated or damaged; get it again.`,
      );
    }
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (byName.size < tensors.length) throw new ModelError(`${file.path} has two tensors of one name. It is damaged.`);
  return {
    tensors: byName,
    metadata,
    describe: file.path,
    async read(name, into, from = 0) {
      const { offset, stored } = rangeOf(byName, name, from, into.length, file.path);
      if (!isBlocks(stored)) return await file.readAt(into, offset + from);
      const { numbers, bytes } = BLOCKS[stored];
      const [first, last] = [Math.floor(from / 4 / numbers), Math.ceil((from + into.length) / 4 / numbers)];
      const raw = await file.bytesAt(offset + first * bytes, (last - first) * bytes);
      const values = new Uint8Array(fromBlocks(raw, stored).buffer);
      const skip = from - first * numbers * 4;
      into.set(values.subarray(skip, skip + into.length));
    },
  };
}

function isBlocks(type: DType | BlockType): type is BlockType {
  return type in BLOCKS;
}

/** Bytes of a tensor in a file, without what pads it. */
export function ggufBytes(type: DType | BlockType, shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  return isBlocks(type) ? count / BLOCKS[type].numbers * BLOCKS[type].bytes : count * BYTES[type];
}

/** Bytes of the head that are read at once. */
const WINDOW = 1 << 20;

/** Reads the head from front to back. */
class Head {
  at = 0;
  #window = new Uint8Array();
  #start = 0;

  constructor(readonly file: ByteFile) {}

  async bytes(length: number): Promise<Uint8Array> {
    const { file, at } = this;
    if (length > file.size - at || at + length > BYTES_OF.ggufHead) {
      const why = length > file.size - at ? "It is truncated; get it again." : "It is no GGUF file, or damaged.";
      throw new ModelError(`${file.path} has ${file.size} bytes, but its head goes on after byte ${at}. ${why}`);
    }
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      this.#window = await file.bytesAt(at, Math.min(Math.max(length, WINDOW), file.size - at));
      this.#start = at;
    }
    this.at += length;
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }

  async #view(length: number): Promise<DataView> {
    const bytes = await this.bytes(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  async u32(): Promise<number> {
    return (await this.#view(4)).getUint32(0, true);
  }

  async count(what: string, most: number): Promise<number> {
    const count = Number((await this.#view(8)).getBigUint64(0, true));
    if (count > most) throw new ModelError(`${this.file.path} claims ${count} ${what}; expected at most ${most}.`);
    return count;
  }

  async text(): Promise<string> {
    const bytes = await this.bytes(await this.count("characters of a text", BYTES_OF.ggufHead));
    return new TextDecoder().decode(bytes);
  }

  /** A number, a text, or a list of some; long lists are only passed over. */
  async value(type: number): Promise<unknown> {
    if (type === TEXT) return await this.text();
    if (type === LIST) {
      const inner = await this.u32();
      const count = await this.count("values of a list", COUNT_OF.values);
      if (inner === LIST) throw new ModelError(`${this.file.path} has a list of lists in its head; expected none.`);
      const list = [];
      for (let i = 0; i < count; i++) {
        const value = await this.value(inner);
        if (i < COUNT_OF.axes) list.push(value);
      }
      return list;
    }
    const size = VALUE_BYTES[type];
    if (!size) throw new ModelError(`${this.file.path} has a value of type ${type} in its head. It is damaged.`);
    const view = await this.#view(size);
    if (type === 4) return view.getUint32(0, true);
    if (type === 5) return view.getInt32(0, true);
    return type === 10 ? Number(view.getBigUint64(0, true)) : undefined; // others mean nothing here
  }

  /** Name, sizes from the innermost outwards, type, and place after the head. */
  async tensor(shapes: ReadonlyMap<string, number[]>): Promise<Stored> {
    const { path } = this.file;
    const name = await this.text();
    const axes = await this.u32();
    const wrong = (what: string) => new ModelError(`${briefText(name)} in ${path} ${what}`);
    if (axes > COUNT_OF.axes) throw wrong(`has ${axes} axes; expected at most ${COUNT_OF.axes}. It is damaged.`);
    const shape: number[] = [];
    for (let i = 0; i < axes; i++) shape.unshift(await this.count("numbers along an axis", Number.MAX_SAFE_INTEGER));
    const type = await this.u32();
    const stored = GGML_TYPES[type];
    const offset = await this.count("bytes before a tensor", Number.MAX_SAFE_INTEGER);
    const known = Object.values(GGML_TYPES).join(", ");
    if (!stored) throw wrong(`is of ggml's type ${type}, which is not read; supported: ${known}.`);
    const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
    if (isBlocks(stored) && (shape.at(-1) ?? 1) % BLOCKS[stored].numbers !== 0) {
      throw wrong(`has rows of ${shape.at(-1)} numbers; ${stored} has blocks of ${BLOCKS[stored].numbers}.`);
    }
    if (!Number.isSafeInteger(size(shape) * 8)) throw wrong(`has the shape [${shape}]; no file holds so much.`);
    const shown = shapes.get(name) ?? shape;
    if (size(shown) !== size(shape)) throw wrong(`has ${size(shape)} numbers, but is said to be [${shown}].`);
    const dtype = isBlocks(stored) ? "F32" : stored;
    const bytes = size(shape) * BYTES[dtype];
    const blocks = isBlocks(stored) ? stored : undefined;
    return { name, dtype, shape: shown, bytes, file: path, offset, stored, blocks };
  }
}
