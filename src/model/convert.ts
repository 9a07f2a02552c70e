/**
 * A file of tensors written anew: as GGUF or safetensors, in another type. Names stay as they are.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { BYTES, FLOATS, fromFloat32, toFloat32 } from "../formats/dtype.ts";
import { BLOCKS, type BlockType } from "../formats/ggml_blocks.ts";
import { toBlocks, WRITTEN, type WrittenType } from "../formats/ggml_quantize.ts";
import { ggufBytes } from "../formats/gguf.ts";
import { GGUF_ALIGNMENT, ggufHead, type GgufValue } from "../formats/gguf_head.ts";
import { safetensorsHead } from "../formats/safetensors.ts";
import type { DType, TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import { kindOf } from "./foreign.ts";

/** What numbers can be written as. */
export type TargetType = "f32" | "f16" | "bf16" | Lowercase<WrittenType>;

/** A tensor and what becomes of it. */
export interface Conversion {
  info: TensorInfo;
  to: DType | BlockType;
}

/** Numbers that are converted at once: whole blocks. */
const PIECE = 1 << 22;

/**
 * What each tensor of a file becomes. Only matrices of whole blocks are quantised; convolutions and tables of tokens
 * and positions become f16 then, and in GGUF vectors are always f32, as stable-diffusion.cpp has them.
 * @param type absent: what the file has, its blocks unpacked where the format holds none
 * @throws UsageError where the format does not hold the type, ModelError for tensors that GGUF does not hold
 */
export function planConversion(source: TensorSource, format: "gguf" | "safetensors", type?: TargetType): Conversion[] {
  const target = type?.toUpperCase() as "F32" | "F16" | "BF16" | WrittenType | undefined;
  if (format === "safetensors" && target && isWritten(target)) {
    throw new UsageError(`A safetensors file holds no ${type}: name the output .gguf, or take --type f16.`);
  }
  return [...source.tensors.values()].map((info) => ({ info, to: targetOf(info, format, target) }));
}

function targetOf(
  { name, dtype, shape, blocks }: TensorInfo,
  format: "gguf" | "safetensors",
  target?: "F32" | "F16" | "BF16" | WrittenType,
): DType | BlockType {
  if (!FLOATS.includes(dtype)) {
    if (format === "gguf" && !/^I(8|16|32|64)$/.test(dtype)) {
      throw new ModelError(`${name} is of type ${dtype}, which GGUF does not have. Write a .safetensors file.`);
    }
    return dtype;
  }
  const vector = shape.length < 2;
  if (format === "gguf" && vector) return "F32";
  if (target === undefined) {
    if (format === "gguf" && blocks && isWritten(blocks)) return blocks;
    return blocks || dtype.startsWith("F8") || dtype === "F64" ? "F16" : dtype;
  }
  if (!isWritten(target)) return target;
  const table = /(token|position(al)?)_embedding/.test(name);
  return shape.length === 2 && shape[1] % BLOCKS[target].numbers === 0 && !table ? target : "F16";
}

function isWritten(type: string): type is WrittenType {
  return (WRITTEN as readonly string[]).includes(type);
}

/**
 * Writes all tensors, piece by piece.
 * @param write takes the file's bytes in order
 * @throws ModelError for numbers that f16 does not hold
 */
export async function convert(
  source: TensorSource,
  conversions: readonly Conversion[],
  format: "gguf" | "safetensors",
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const gguf = conversions.map(({ info: { name, shape }, to }) => ({ name, shape, type: to }));
  await write(
    format === "gguf" ? ggufHead(about(source), gguf) : safetensorsHead(
      conversions.map(({ info, to }) => ({ name: info.name, shape: info.shape, dtype: to as DType })),
      Object.fromEntries(notesOf(source)),
    ),
  );
  for (const [i, conversion] of conversions.entries()) {
    for await (const bytes of converted(source, conversion)) await write(bytes);
    if (format === "gguf") await write(new Uint8Array(-ggufBytes(gguf[i].type, gguf[i].shape) & GGUF_ALIGNMENT - 1));
  }
}

/** What goes along of what the file notes, which may be all that tells what a UNet predicts: hashes hold no more. */
function notesOf({ metadata = {} }: TensorSource): [key: string, note: string][] {
  return Object.entries(metadata).filter(([key]) => !/hash/i.test(key));
}

/** What a GGUF file says of itself: ComfyUI-GGUF looks for the family of a UNet there. */
function about(source: TensorSource): Map<string, GgufValue> {
  const names = [...source.tensors.keys()];
  const xl = names.some((name) => /(^|\.)(label_emb|add_embedding)\./.test(name));
  const unet = kindOf(names) === "unet" || kindOf(names) === "model";
  return new Map<string, GgufValue>([
    ...notesOf(source),
    ["general.architecture", unet ? xl ? "sdxl" : "sd1" : "diffusion"],
    ["general.quantization_version", 2],
  ]);
}

async function* converted(source: TensorSource, { info, to }: Conversion): AsyncGenerator<Uint8Array> {
  const size = BYTES[info.dtype];
  for (let at = 0; at < info.bytes; at += PIECE * size) {
    const bytes = new Uint8Array(Math.min(PIECE * size, info.bytes - at));
    await source.read(info.name, bytes, at);
    if (to === info.dtype) {
      yield bytes;
      continue;
    }
    const values = toFloat32(bytes, info.dtype);
    const wrong = (what: string) => new ModelError(`${info.name} in ${info.file} holds numbers ${what}.`);
    if (!values.every(Number.isFinite)) throw wrong("that are not finite (NaN or Inf). The file is damaged");
    if ((to === "F16" || isWritten(to)) && values.some((value) => Math.abs(value) > 65504)) {
      throw wrong("too large for f16. Take --type f32 or bf16");
    }
    yield isWritten(to) ? toBlocks(values, to) : fromFloat32(values, to as DType);
  }
}
