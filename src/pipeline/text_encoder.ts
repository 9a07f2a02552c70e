/**
 * A text encoder with its weights: token chunks in, embeddings out.
 *
 * @module
 */
import type { Device, Precision } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import type { Component } from "../model/parts.ts";
import { toFloat32 } from "../formats/dtype.ts";
import { clip, type ClipConfig, readClipConfig } from "../nn/clip.ts";
import { readFloats as readNumbers, type Weights } from "../nn/weights.ts";
import type { TokenChunk } from "../text/chunks.ts";
import { declareText } from "./networks.ts";

const TOKENS = "text_model.embeddings.token_embedding.weight";
const POSITIONS = "text_model.embeddings.position_embedding.weight";

/** Embeddings of a list of chunks. */
export interface EncodedChunks {
  /** [chunks, positions, width] */
  states: Float32Array;
  /** Projected state of each chunk's end token [chunks, projection], for encoders with a projection. */
  pooled?: Float32Array;
}

/** One CLIP text model of a checkpoint. */
export class TextEncoder {
  readonly config: ClipConfig;
  readonly weights: Weights;

  constructor(readonly device: Device, readonly precision: Precision, readonly component: Component, name: string) {
    this.config = readClipConfig(component.config);
    this.weights = declareText(device, this.config, precision, name);
    this.weights.check(component.source, /^text_model\.embeddings\.|position_ids$|^logit_scale$|^text_projection\./);
  }

  /**
   * Runs the transformer over `chunks`, all at once.
   * @param skip layers left out at the end
   * @param finalNorm whether the states pass the final norm
   */
  async encode(chunks: readonly TokenChunk[], skip: number, finalNorm: boolean): Promise<EncodedChunks> {
    const { device, config } = this;
    const { positions, width, projection } = config;
    const g = new Graph(device, "text encoder", this.precision);
    const tokens = g.input("tokens", [chunks.length, positions, width]);
    const outputs = clip(g, this.weights, config, tokens, skip, finalNorm);
    g.output(outputs.states);
    if (outputs.projected) g.output(outputs.projected);
    const program = await g.compile();
    try {
      writeFloats(device, tokens, await this.#embed(chunks));
      program.run();
      const states = await readFloats(device, outputs.states);
      if (!outputs.projected) return { states };
      const all = await readFloats(device, outputs.projected);
      const pooled = new Float32Array(chunks.length * projection);
      const row = outputs.projected.shape[2];
      chunks.forEach(({ eosIndex }, i) => {
        const at = (i * positions + eosIndex) * row;
        pooled.set(all.subarray(at, at + projection), i * projection);
      });
      return { states, pooled };
    } finally {
      program.destroy();
    }
  }

  /**
   * Token plus position embeddings [chunks, positions, width]. Rows are read from the file as they are needed: the whole
   * table (76 MiB for ViT-L) never moves.
   */
  async #embed(chunks: readonly TokenChunk[]): Promise<Float32Array> {
    const { source } = this.component;
    const { positions, width } = this.config;
    const info = source.tensors.get(TOKENS)!;
    const rowBytes = info.bytes / info.shape[0];
    const table = await readNumbers(source, source.tensors.get(POSITIONS)!);
    const rows = new Map<number, Float32Array>();
    for (const id of new Set(chunks.flatMap(({ ids }) => [...ids]))) {
      const bytes = new Uint8Array(rowBytes);
      await source.read(TOKENS, bytes, id * rowBytes);
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
}
