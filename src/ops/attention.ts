/**
 * Attention of every kind: self, cross, causal and regional, by one table of what each query row sees.
 *
 * @module
 */
import narrowSource from "../../shaders/attention.wgsl" with { type: "text" };
import tileSource from "../../shaders/attention_tile.wgsl" with { type: "text" };
import wideSource from "../../shaders/attention_wide.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import { inTexture } from "../gpu/storage.ts";
import { floatBits, padChannels, type Tensor } from "../gpu/tensor.ts";
import { attentionTile } from "./choose.ts";
import type { AttentionTile } from "./variants.ts";

const KERNELS = {
  attention: { name: "attention", source: narrowSource },
  attention_wide: { name: "attention_wide", source: wideSource },
  attention_tile: { name: "attention_tile", source: tileSource },
};

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
  /** The {@linkcode sightTable}, where sights change between runs; `sights` are those of the first. */
  table?: Tensor;
}

/** Words of a sight in a table. */
const SIGHT_WORDS = 5;

/**
 * A table of sights that the host may write anew. A buffer of its own: kernels only read it, and arenas are written.
 */
export function sightTable(g: Graph, sights: readonly Sight[]): Tensor {
  return g.constant("attention regions", sightWords(sights));
}

/** Sights as the kernels read them. Whether some have a base must not change between runs. */
export function sightWords(sights: readonly Sight[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(sights.length * SIGHT_WORDS);
  sights.forEach(({ start, count, base }, i) =>
    words.set([start, count, base?.start ?? 0, base?.count ?? 0, floatBits(base?.ratio ?? 0)], i * SIGHT_WORDS)
  );
  return words;
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
  const tables = {
    rows: g.constant("attention rows", Uint32Array.from(rows)),
    tiles: g.constant("attention tiles", Uint32Array.from(tiles)),
    regions: map.table ?? sightTable(g, map.sights),
    count: tiles.length,
  };
  sizes.set(size, tables);
  return tables;
}

/** Pairs of a query row and a key row that it sees, of its region or of the base prompt. */
function seen({ regionOfRow, sights }: AttentionMap, ofBase: boolean): number {
  let pairs = 0;
  for (let row = 0; row < regionOfRow.length; row++) {
    const { count, base } = sights[regionOfRow[row]];
    pairs += ofBase ? base?.count ?? 0 : count;
  }
  return pairs;
}

/** Attention heads. */
export interface Heads {
  count: number;
  /** Real channels of each; in memory it has whole quads, zeros at the end (nn/pad_heads.ts). */
  width: number;
}

/** What attention reads; the map counts the rows of each through all batch entries. */
export type AttentionInputs =
  /** [batch, …, heads·d], and keys, then values [batch', …, 2·heads·d]. */
  | { q: Tensor; kv: Tensor }
  /** Queries, keys and values of the same rows side by side [batch, …, 3·heads·d]. */
  | { qkv: Tensor };

/**
 * softmax(q·Kᵀ/√d)·V of each head over the rows that `map` shows.
 * @returns [batch, …, heads·d], as many rows as there are queries
 */
export function attention(
  g: Graph,
  inputs: AttentionInputs,
  heads: Heads,
  map: AttentionMap,
  causal = false,
): Tensor {
  const joined = "qkv" in inputs;
  const [q, kv] = joined ? [inputs.qkv, inputs.qkv] : [inputs.q, inputs.kv];
  const d = padChannels(heads.width);
  const channels = heads.count * d;
  const [qWidth, kvWidth] = [q, kv].map(({ shape }) => shape[shape.length - 1]);
  if (qWidth !== (joined ? 3 : 1) * channels || kvWidth !== (joined ? 3 : 2) * channels) {
    throw new Error(`"${q.label}" has ${qWidth} channels, "${kv.label}" ${kvWidth}: not ${heads.count} heads of ${d}.`);
  }
  const tile = attentionTile(g.device, d, map.regionOfRow.length * channels);
  const tables = tablesFor(g, map, queriesOf(tile));
  const JOINED = Number(!inTexture(g.device, q)); // a writable buffer may be bound once only, a texture twice
  const inOne = joined && JOINED === 1;
  const dispatch = (base: boolean, more?: Tensor) => {
    const out = g.tensor(base ? "attention to the base prompt" : "attention", [...q.shape.slice(0, -1), channels]);
    g.dispatch({
      kernel: KERNELS[tile.kernel],
      constants: { ...constantsOf(tile, d), MORE: Number(more !== undefined), JOINED },
      params: {
        q_quads: qWidth / 4,
        out_quads: channels / 4,
        kv_quads: kvWidth / 4,
        keys: joined ? channels / 4 : 0,
        apart: channels / 4,
        scale: 1 / Math.sqrt(heads.width),
        causal,
        base,
        joined: inOne,
      },
      bindings: [
        inOne ? g.nothing("q") : q,
        kv,
        tables.rows,
        tables.tiles,
        tables.regions,
        more ?? g.nothing("sum"),
        out,
      ],
      grid: [tables.count, heads.count],
      flops: 4 * channels * seen(map, base),
    });
    return out;
  };
  return dispatch(false, map.sights.some(({ base }) => base) ? dispatch(true) : undefined);
}

/** Query rows of one tile. */
function queriesOf({ parts, queries, waves }: AttentionTile): number {
  return 8 * waves / parts * queries;
}

function constantsOf({ kernel, parts, queries, waves, block, keys }: AttentionTile, d: number): Record<string, number> {
  const QUADS = d / 4 / parts;
  if (kernel === "attention_tile") {
    return { QUADS, PARTS: parts, SPLIT: parts > 1 ? 1 : 0, QUERIES: queries, BLOCK: block, KEY_QUADS: keys / 4 };
  }
  return { QUADS, QUERIES: queries, WAVES: waves, SLOTS: kernel === "attention_wide" ? 1 : QUADS };
}
