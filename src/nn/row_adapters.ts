/**
 * Adapters that hold in some rows of an activation: the layers of a network with low-rank changes beside them (see
 * ops/row_adapter.ts).
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { sizeOf, type Tensor } from "../gpu/tensor.ts";
import type { RowScales } from "../ops/row_adapter.ts";
import type { Layers, MatrixOptions } from "./weights.ts";

/** What is changed of a network, by the names of its layers. */
export interface RowChanges {
  /** For each rank of a layer's changes, in the order of its parts and then of the adapters, the adapter's number. */
  ranks(parts: readonly string[]): readonly number[];
  /** The kind of each row of a result of this shape [batch, …]: pixels of the batch, or rows of the context. */
  kinds(context: boolean, outer: readonly number[]): Uint32Array<ArrayBuffer>;
  /** What each kind takes of each adapter [kinds][adapters]. */
  strengths(context: boolean): readonly (readonly number[])[];
}

/** Layers that work on one row for a whole picture (time, sizes): no LoRA of a region changes them. */
const WHOLE = /time_emb|^add_embedding\./;
/** Layers over the prompts. */
const CONTEXT = /\.attn2\.to_[kv]$/;

/** Whether an adapter of a region changes a layer. */
export function isRegional(module: string): boolean {
  return !WHOLE.test(module);
}

/**
 * `layers` with the changes beside them.
 * @param own where the factors are declared: `name.down` [ranks, in …] and, of each part, `part.up` [out, ranks]
 */
export function withRowAdapters(layers: Layers, own: Pick<Layers, "matrix">, changes: RowChanges): Layers {
  const scales = scalesOf(changes);
  return {
    norm: (...given) => layers.norm(...given),
    matrix(name, inChannels, outChannels, options: MatrixOptions = {}) {
      const weight = layers.matrix(name, inChannels, outChannels, options);
      const { parts = [name], taps, stride, gated, outHeads, inHeads } = options;
      const ranks = parts.every(isRegional) ? changes.ranks(parts) : [];
      if (ranks.length === 0) return weight;
      const context = CONTEXT.test(name);
      const down = own.matrix(`${name}.down`, inChannels, ranks.length, { taps, stride, bias: false, inHeads });
      const up = own.matrix(`${name}.up`, ranks.length, outChannels * (gated ? 2 : 1), {
        parts: parts.map((part) => `${part}.up`),
        bias: false,
        outHeads,
      });
      return { ...weight, adapter: { down, up, scales: (g, outer) => scales(g, context, ranks, outer) } };
    },
  };
}

/** Tables on the device, each once in its graph. */
function scalesOf({ kinds, strengths }: RowChanges) {
  const known = new Map<string, Tensor>();
  const once = (key: string, make: () => Tensor) => {
    const tensor = known.get(key) ?? make();
    known.set(key, tensor);
    return tensor;
  };
  return (g: Graph, context: boolean, ranks: readonly number[], outer: readonly number[]): RowScales => ({
    kinds: once(`rows ${context} ${outer.join("×")}`, () => {
      const rows = kinds(context, outer);
      if (rows.length !== sizeOf(outer)) throw new Error(`${rows.length} kinds for ${sizeOf(outer)} rows`);
      return g.constant("kinds", rows);
    }),
    table: once(`table ${context} ${ranks.join()}`, () => {
      const width = Math.ceil(ranks.length / 4) * 4;
      const rows = strengths(context);
      const table = new Float32Array(rows.length * width);
      rows.forEach((row, i) => ranks.forEach((adapter, c) => table[i * width + c] = row[adapter]));
      return g.constant("strengths", table);
    }),
  });
}
