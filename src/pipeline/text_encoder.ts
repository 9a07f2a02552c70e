/**
 * A text encoder: token chunks in, embeddings out.
 *
 * @module
 */
import type { Component } from "../model/parts.ts";
import { toFloat32 } from "../formats/dtype.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { floatsOf, readTensor, writeFloats } from "../gpu/storage.ts";
import { clip, type ClipConfig, readClipConfig } from "../nn/clip.ts";
import { readFloats as readNumbers } from "../nn/weights.ts";
import type { TokenChunk } from "../text/chunks.ts";
import { declarePart, type Part, type PartOptions } from "./part.ts";

const TOKENS = "text_model.embeddings.token_embedding.weight";
const POSITIONS = "text_model.embeddings.position_embedding.weight";
/** What the host reads itself, and what no forward pass needs. */
const OTHERS = /^text_model\.embeddings\.|position_ids$|^logit_scale$|^text_projection\./;

/** Embeddings of a list of chunks. */
export interface EncodedChunks {
  /** [chunks, positions, width] */
  states: Float32Array;
  /** Projected state of each chunk's end token [chunks, projection], for encoders with a projection. */
  pooled?: Float32Array;
}

/** Which states a text encoder gives. */
export interface StateChoice {
  /** Layers left out at the end. */
  skip: number;
  /** Whether the states pass the final norm. */
  finalNorm: boolean;
}

/** One CLIP text model of a checkpoint. */
export function declareTextEncoder(
  device: Device,
  name: string,
  storage: Pick<PartOptions, "precision" | "keep">,
  { config, source }: Pick<Component, "config"> & { source?: TensorSource },
): Part<ClipConfig> {
  return declarePart(device, name, readClipConfig(config), (g, w, config) => {
    clip(g, w, config, g.input("tokens", [1, config.positions, config.width]), 0, true);
  }, { ...storage, source, others: OTHERS });
}

/** Records the transformer over `chunks` chunks, all at once. */
export function recordTextEncoder(
  { network, weights }: Part<ClipConfig>,
  chunks: number,
  { skip, finalNorm }: StateChoice,
) {
  const graph = new Graph(weights.device, "text encoder", weights.precision);
  const tokens = graph.input("tokens", [chunks, network.positions, network.width]);
  const { states, projected } = clip(graph, weights, network, tokens, skip, finalNorm);
  graph.output(states);
  if (projected) graph.output(projected);
  return { graph, tokens, states, projected };
}

/**
 * Has the device run the transformer over `chunks`, and returns before it is done. Its weights must be there, and may
 * leave then.
 */
export async function beginChunks(
  part: Part<ClipConfig>,
  chunks: readonly TokenChunk[],
  choice: StateChoice,
  signal?: AbortSignal,
): Promise<{ encoded: Promise<EncodedChunks> }> {
  const { positions, projection } = part.network;
  const { device } = part.weights;
  const { graph, tokens, states, projected } = recordTextEncoder(part, chunks.length, choice);
  const program = await graph.compile(signal);
  try {
    writeFloats(device, tokens, await embed(part, chunks));
    const reading = [program.read(states, signal), ...projected ? [readTensor(device, projected, signal)] : []];
    const encoded = Promise.all(reading).then(([bytes, all]) => ({
      states: floatsOf(states, bytes),
      ...projected && { pooled: endsOf(floatsOf(projected, all)) },
    }));
    encoded.catch(() => {}); // told where it is awaited, if it still is
    return { encoded };
  } finally {
    program.destroy();
  }

  /** Of each chunk's end token. */
  function endsOf(projections: Float32Array): Float32Array {
    const pooled = new Float32Array(chunks.length * projection);
    const row = projected!.shape[2];
    chunks.forEach(({ eosIndex }, i) => {
      const at = (i * positions + eosIndex) * row;
      pooled.set(projections.subarray(at, at + projection), i * projection);
    });
    return pooled;
  }
}

/**
 * Token plus position embeddings [chunks, positions, width]. Rows are read from the file as they are needed: the whole
 * table (76 MiB for ViT-L) never moves.
 */
async function embed({ network, source }: Part<ClipConfig>, chunks: readonly TokenChunk[]): Promise<Float32Array> {
  const { positions, width } = network;
  const info = source!.tensors.get(TOKENS)!;
  const rowBytes = info.bytes / info.shape[0];
  const table = await readNumbers(source!, source!.tensors.get(POSITIONS)!);
  const rows = new Map<number, Float32Array>();
  for (const id of new Set(chunks.flatMap(({ ids }) => [...ids]))) {
    const bytes = new Uint8Array(rowBytes);
    await source!.read(TOKENS, bytes, id * rowBytes);
    rows.set(id, toFloat32(bytes, info.dtype));
  }
  const out = new Float32Array(chunks.length * positions * width);
  chunks.forEach(({ ids }, chunk) =>
    ids.forEach((id, position) => {
      const row = rows.get(id)!;
      const at = (chunk * positions + position) * width;
      for (let c = 0; c < width; c++) out[at + c] = row[c] + table[position * width + c];
    })
  );
  return out;
}
