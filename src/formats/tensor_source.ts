/**
 * Named tensors on disk. Networks ask for tensors by their diffusers or transformers names; where the bytes come from
 * (one safetensors file, shards, an old `.ckpt`, a single file with other names) is settled behind this interface.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import type { BlockType } from "./ggml_blocks.ts";

/** Number formats that safetensors and torch files hold. */
export type DType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

/** What is known of a tensor without reading it. */
export interface TensorInfo {
  /** The name a network asks for. */
  name: string;
  dtype: DType;
  /** Row-major. An empty shape is a scalar. */
  shape: number[];
  /** Size of the whole tensor in bytes. */
  bytes: number;
  /** Path of the file that holds it. */
  file: string;
  /** Names of adapters that are added to what the file holds, for messages. */
  added?: string;
  /** How the file holds rows of it that are quantised in blocks, where it does: it is shown as f32 then. */
  blocks?: BlockType;
}

/** A set of named tensors in one or more files. Nothing is held in memory but their names, shapes and places. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads `into.length` bytes from byte `start` (default 0) of a tensor: little-endian, row-major, in the file's dtype.
   * Calls may overlap.
   * @throws ModelError for an unknown name, a range outside the tensor, or a file that can no longer be read
   */
  read(name: string, into: Uint8Array, start?: number): Promise<void>;
  close(): void;
  /** File or folder, for messages. */
  readonly describe: string;
  /**
   * What was done to the numbers on their way from the files, such as adapters and their strengths; absent where
   * nothing was.
   */
  readonly identity?: string;
  /** What the file notes of itself, by name: a safetensors header's `__metadata__`, the texts in a GGUF head. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The tensor called `name`, once the range is known to lie in it. @throws ModelError */
export function rangeOf<T extends TensorInfo>(
  tensors: ReadonlyMap<string, T>,
  name: string,
  start: number,
  length: number,
  where: string,
): T {
  const tensor = tensors.get(name);
  if (!tensor) throw new ModelError(`${where} has no tensor "${name}".`);
  if (start < 0 || start + length > tensor.bytes) {
    throw new ModelError(
      `Bytes ${start} to ${start + length} of ${name} are asked for; ${where} has ${tensor.bytes} of them.`,
    );
  }
  return tensor;
}
