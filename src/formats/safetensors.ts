/**
 * The safetensors format: 8 bytes of header length, a JSON header, then the tensors back to back.
 * Source: https://github.com/huggingface/safetensors#format
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { ByteFile } from "../files/byte_file.ts";
import { BYTES } from "./dtype.ts";
import { parseObject } from "../files/json_file.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";
import { type DType, rangeOf, type TensorInfo, type TensorSource } from "./tensor_source.ts";

/** A tensor's place: its bytes start here in the file. */
export type Placed = TensorInfo & { offset: number };

/** An opened safetensors file. */
export interface SafetensorsSource extends TensorSource {
  /** The header's `__metadata__`: training notes, model-spec titles. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What people often have in the place of weights, told by its first letters. */
function mistaken(first: string): string {
  const [, what] = ([
    [/^version https:\/\/git-lfs/, " It is a pointer of Git LFS: `git lfs pull` brings the file itself."],
    [/^\s*<(!doctype|html|\?xml)/i, " It is a web page: download the file again, logged in where its site wants that."],
    [/^\s*[{[]\s*["{\]}]/, " It is JSON, perhaps what a server said instead of sending the file."],
    [/^(7z\xbc\xaf|Rar!|\p{Cc}\x8b|\(\xb5\/\xfd)/u, " It is an archive: unpack the file that is in it."],
    [/^(\x89PNG|\xff\xd8\xff|RIFF)/, " It is a picture."],
  ] as const).find(([begins]) => begins.test(first)) ?? [, ""];
  return what;
}

/**
 * Opens a safetensors file and checks its whole header; no tensor is read.
 * @throws ModelError naming file, tensor, what was expected and what was found
 */
export async function openSafetensors(path: string): Promise<SafetensorsSource> {
  const file = await ByteFile.open(path);
  try {
    if (file.size < 8) throw new ModelError(`${path} has ${file.size} bytes; a safetensors file has at least 8.`);
    const start = await file.bytesAt(0, 8);
    const length = Number(new DataView(start.buffer).getBigUint64(0, true));
    if (length > BYTES_OF.safetensorsHeader) {
      const first = String.fromCharCode(...await file.bytesAt(0, Math.min(file.size, 64)));
      throw new ModelError(
        `${path} is no file of weights: neither safetensors nor GGUF nor torch's.${mistaken(first)}`,
      );
    }
    if (length > file.size - 8) {
      throw new ModelError(
        `${path} claims a header of ${length} bytes but has only ${file.size}. It may be truncated.`,
      );
    }
    const text = decode(await file.bytesAt(8, length), path);
    const { tensors, metadata } = parseHeader(text, 8 + length, file.size, path);
    return { ...fileSource(file, tensors), metadata };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * The first bytes of a safetensors file whose tensors follow in this order. Padded, so that numbers begin at multiples
 * of 8 bytes, as the format's own writer has it.
 * @param metadata what the file notes of itself
 */
export function safetensorsHead(
  tensors: readonly Pick<TensorInfo, "name" | "dtype" | "shape">[],
  metadata: TensorSource["metadata"] = {},
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape }) => {
    const start = end;
    end += shape.reduce((product, size) => product * size, 1) * BYTES[dtype];
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  const notes = Object.keys(metadata).length ? { __metadata__: metadata } : {};
  const json = new TextEncoder().encode(JSON.stringify({ ...notes, ...Object.fromEntries(entries) }));
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  return head;
}

/** Reads tensors whose places in one file are known. Closing the source closes the file. */
function fileSource(file: ByteFile, tensors: ReadonlyMap<string, Placed>): TensorSource {
  return {
    tensors,
    describe: file.path,
    close: () => file.close(),
    async read(name, into, start = 0) {
      const tensor = rangeOf(tensors, name, start, into.length, file.path);
      await file.readAt(into, tensor.offset + start);
    },
  };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ModelError(`${path} has a header that is not UTF-8 text, so it is no safetensors file.`);
  }
}

/** @param dataStart where in the file the tensors begin */
function parseHeader(text: string, dataStart: number, fileSize: number, path: string) {
  const header = parseObject(text, `The header of ${path}`);
  const placed: Placed[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") placed.push(parseEntry(name, entry, dataStart, path));
  }
  if (placed.length > COUNT_OF.tensors) {
    throw new ModelError(`${path} has ${placed.length} tensors; expected at most ${COUNT_OF.tensors}.`);
  }
  placed.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  let before = "the header";
  for (const { name, offset, bytes } of placed) {
    if (offset !== end) {
      const how = offset < end ? "overlaps" : "leaves a gap after";
      throw new ModelError(
        `In ${path}, ${briefText(name)} at byte ${offset} ${how} ${before}, which ends at byte ${end}.`,
      );
    }
    if (offset + bytes > fileSize) {
      throw new ModelError(
        `${path} has ${fileSize} bytes, but ${briefText(name)} ends at byte ${
          offset + bytes
        }. It is truncated; get it again.`,
      );
    }
    end = offset + bytes;
    before = briefText(name);
  }
  if (end !== fileSize) {
    throw new ModelError(`${path} has ${fileSize} bytes, but its tensors end at byte ${end}. It is damaged.`);
  }
  return { tensors: new Map(placed.map((tensor) => [tensor.name, tensor])), metadata: strings(header.__metadata__) };
}

function parseEntry(name: string, entry: unknown, dataStart: number, path: string): Placed {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Record<string, unknown>;
  const wrong = (what: string, expected: string, found: unknown) =>
    new ModelError(`${briefText(name)} in ${path} has the ${what} ${brief(found)}; expected ${expected}.`);
  if (name.length > COUNT_OF.name) throw wrong("length", `at most ${COUNT_OF.name} characters`, name.length);
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES, dtype)) {
    throw wrong("type", `one of ${Object.keys(BYTES).join(", ")}`, dtype);
  }
  if (!isCounts(shape) || shape.length > COUNT_OF.axes) {
    throw wrong("shape", `a list of at most ${COUNT_OF.axes} whole numbers`, shape);
  }
  const bytes = shape.reduce((product, size) => product * size, 1) * BYTES[dtype as DType];
  if (!Number.isSafeInteger(bytes)) throw wrong("shape", "a tensor that fits a file", shape);
  if (!isCounts(data_offsets) || data_offsets.length !== 2 || data_offsets[1] - data_offsets[0] !== bytes) {
    throw wrong("data_offsets", `two numbers ${bytes} apart (${dtype} [${shape}])`, data_offsets);
  }
  return { name, dtype: dtype as DType, shape, bytes, file: path, offset: dataStart + data_offsets[0] };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, text]) => [key, typeof text === "string" ? text : JSON.stringify(text)]),
  );
}
