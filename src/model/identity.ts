/**
 * Which model it is, by what is in it: a hash for every part that decides pixels.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import { createHash } from "../deps/node.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import type { Checkpoint } from "./parts.ts";
import { modelHash } from "./model_hash.ts";

/** What a model's files hold, whatever they are called and wherever they lie. */
export interface Identity {
  /** By which model sites and web UIs know the UNet's file: see `modelHash`. */
  hash: string;
  /** Networks, tokenizers and the settings of all: 16 digits of SHA-256 each. */
  parts: Record<string, string>;
}

const TOKEN_TABLE = "text_model.embeddings.token_embedding.weight";

/** Tensors up to this many bytes are hashed whole, of others a piece from the start, the middle and the end. */
const WHOLE = 0x10000;
const PIECE = 0x1000;

/**
 * The hashes of a model that is open.
 *
 * @param full hashes every byte, which takes as long as reading them; else samples of each tensor, which a file that
 *   was trained, merged or pruned otherwise does not share
 * @param signal stops it between two tensors
 * @throws ModelError where a file can no longer be read
 */
export async function identify(checkpoint: Checkpoint, full = false, signal?: AbortSignal): Promise<Identity> {
  const { unet, vae, textEncoders, vocabularies, scheduler, preset } = checkpoint;
  const numbered = (name: string, i: number) => i === 0 ? name : `${name}_${i + 1}`;
  const networks = [
    ["unet", unet] as const,
    ["vae", vae] as const,
    ...textEncoders.map((encoder, i) => [numbered("text_encoder", i), encoder] as const),
  ];
  const parts: Record<string, string> = {};
  for (const [name, { source }] of networks) parts[name] = await hashTensors(source, full, signal);
  vocabularies.forEach((vocabulary, i) => {
    parts[numbered("tokenizer", i)] = hashed({ ...vocabulary, ids: [...vocabulary.ids], embeddings: undefined });
  });
  const embedded = await hashEmbeddings(checkpoint);
  if (embedded) parts.embeddings = embedded;
  const { forceZerosForEmptyPrompt, prediction } = preset;
  const configs = networks.map(([, { config }]) => config);
  parts.configs = hashed({ scheduler, configs, forceZerosForEmptyPrompt, prediction });
  const [first] = unet.source.tensors.values();
  return { hash: await modelHash(first.file), parts };
}

/** The names of the parts in which two identities differ, of those that both have. */
export function differingParts(a: Identity["parts"], b: Identity["parts"]): string[] {
  return Object.keys(a).filter((name) => name in b && a[name] !== b[name]);
}

/** Names and rows of textual inversions, which lie behind the vocabulary in the token table. */
async function hashEmbeddings({ textEncoders, vocabularies }: Checkpoint): Promise<string | undefined> {
  const hash = createHash("sha256");
  let any = false;
  for (const [i, { embeddings }] of vocabularies.entries()) {
    const { source } = textEncoders[i];
    const table = source.tensors.get(TOKEN_TABLE);
    if (!embeddings?.size || !table) continue;
    any = true;
    const row = table.bytes / table.shape[0];
    const first = Math.min(...[...embeddings.values()].map(([id]) => id));
    hash.update(JSON.stringify([...embeddings]));
    await hashRange(hash, source, table, first * row, table.bytes - first * row);
  }
  return any ? hash.digest("hex").slice(0, 16) : undefined;
}

/** 16 digits of SHA-256 of a network's tensors, whatever its file is called; see {@linkcode identify}. */
export async function hashTensors(source: TensorSource, full = false, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const tensors = [...source.tensors.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const tensor of tensors) {
    signal?.throwIfAborted();
    const { name, dtype, shape, bytes } = tensor;
    hash.update(`${name}\0${dtype}\0${shape}\0`);
    const whole = full || bytes <= WHOLE;
    const pieces = whole ? [[0, bytes]] : [[0, PIECE], [Math.floor(bytes / 2), PIECE], [bytes - PIECE, PIECE]];
    for (const [start, length] of pieces) await hashRange(hash, source, tensor, start, length);
  }
  return hash.digest("hex").slice(0, 16);
}

async function hashRange(hash: Hash, source: TensorSource, { name }: TensorInfo, start: number, length: number) {
  const buffer = new Uint8Array(Math.min(length, 2 ** 22));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    await source.read(name, piece, start + at);
    hash.update(piece);
  }
}

/** Of a value as JSON with its keys in order; keys that begin with "_" are remarks of the library that wrote them. */
function hashed(value: unknown): string {
  const plain = JSON.stringify(value, (key, part) => {
    if (key.startsWith("_") && key !== "_class_name") return undefined;
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1));
  });
  return createHash("sha256").update(plain).digest("hex").slice(0, 16);
}
