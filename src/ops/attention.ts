/**
 * Attention of every kind: self, cross, causal and regional, by one table of what each query row sees.
 *
 * @module
 */
import narrowSource from "../../shaders/attention.wgsl" with { type: "text" };
import wideSource from "../../shaders/attention_wide.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { floatBits, padChannels, type Tensor } from "../gpu/tensor.ts";
import { attentionTile } from "./choose.ts";

/** Key rows that the queries of one region see: its own, and a base prompt's with weight `baseRatio`. */
export interface Sight {
  start: number;
  count: number;
  base?: { start: number; count: number; ratio: number };
}

/** For each query row, which {@linkcode Sight} it has. Region numbers index `sights`. */
export interface AttentionMap {
  regionOfRow: ArrayLike<number>;
  sights: Sight[];
}

/** Each of `batch` entries of `rows` rows sees exactly itself. */
export function selfMap(batch: number, rows: number): AttentionMap {
  return {
    regionOfRow: Array.from({ length: batch * rows }, (_, i) => Math.floor(i / rows)),
    sights: Array.from({ length: batch }, (_, i) => ({ start: i * rows, count: rows })),
  };
}

/** Tables of a map on the device, for one tile size. Made once per map and reused by every layer of that resolution. */
interface Tables {
  rows: Tensor;
  tiles: Tensor;
  regions: Tensor;
  count: number;
}

/** Tables belong to the graph that owns their buffers. */
const tablesOf = new WeakMap<Graph, Map<AttentionMap, Map<number, Tables>>>();

/** Sorts the query rows by region into tiles of `size` places, so that a tile reads one region's keys. */
function tablesFor(g: Graph, map: AttentionMap, size: number): Tables {
  const maps = tablesOf.get(g) ?? new Map<AttentionMap, Map<number, Tables>>();
  tablesOf.set(g, maps);
  const sizes = maps.get(map) ?? new Map<number, Tables>();
  maps.set(map, sizes);
  const known = sizes.get(size);
  if (known) return known;
  const members: number[][] = map.sights.map(() => []);
  for (let row = 0; row < map.regionOfRow.length; row++) members[map.regionOfRow[row]].push(row);
  const rows: number[] = [];
  const tiles: number[] = [];
  members.forEach((list, region) => {
    for (let at = 0; at < list.length; at += size) {
      tiles.push(region);
      for (let i = 0; i < size; i++) rows.push(list[at + i] ?? 0xffffffff);
    }
  });
  const regions = new Uint32Array(map.sights.length * 5);
  map.sights.forEach(({ start, count, base }, i) =>
    regions.set([start, count, base?.start ?? 0, base?.count ?? 0, floatBits(base?.ratio ?? 0)], i * 5)
  );
  const tables = {
    rows: g.constant("attention rows", Uint32Array.from(rows)),
    tiles: g.constant("attention tiles", Uint32Array.from(tiles)),
    regions: g.constant("attention regions", regions),
    count: tiles.length,
  };
  sizes.set(size, tables);
  return tables;
}

/** Attention heads. */
export interface Heads {
  count: number;
  /** Real channels of each; in memory it has whole quads, zeros at the end (nn/pad_heads.ts). */
  width: number;
}

/**
 * softmax(q·Kᵀ/√d)·V of each head over the rows that `map` shows.
 * @param q [batch, …, heads·d]
 * @param kv [batch', …, 2·heads·d]: keys, then values. The map counts the rows of q and kv through all batch entries.
 * @returns shape of q
 */
export function attention(g: Graph, q: Tensor, kv: Tensor, heads: Heads, map: AttentionMap, causal = false): Tensor {
  const channels = q.shape[q.shape.length - 1];
  const d = padChannels(heads.width);
  if (channels !== heads.count * d) {
    throw new Error(`"${q.label}" has ${channels} channels, not ${heads.count} heads of ${d}.`);
  }
  const { kernel, queries: QUERIES, waves: WAVES } = attentionTile(g.device, d);
  const wide = kernel === "attention_wide";
  const QUADS = wide ? d / 32 : d / 4;
  const size = WAVES * QUERIES * (wide ? 1 : 8);
  const tables = tablesFor(g, map, size);
  const RANGES = map.sights.some((s) => s.base) ? 2 : 1;
  const out = g.tensor("attention", q.shape);
  g.dispatch({
    kernel: { name: kernel, source: wide ? wideSource : narrowSource },
    constants: { QUADS, QUERIES, RANGES, WAVES, SLOTS: wide ? 1 : QUADS },
    params: { q_quads: channels / 4, kv_quads: channels / 2, scale: 1 / Math.sqrt(heads.width), causal },
    bindings: [q, kv, tables.rows, tables.tiles, tables.regions, out],
    grid: [tables.count, heads.count],
  });
  return out;
}
