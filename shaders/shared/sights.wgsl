// What queries see. A query row belongs to a region; a region names the key rows it sees and, for regional prompts, the
// base prompt's with the base ratio β: out = (1 − β)·attn(keys) + β·attn(base), one dispatch for each of the two sums:
// with MORE = 1 it adds `sum`, the other. Queries, keys and values may be one tensor, kv, where JOINED = 1.
// Self-attention is the region "my own picture". Query rows come sorted by region in tiles, so that a workgroup reads
// one region's keys.
struct Params {
  q_quads: u32,     // quads of a row of q
  out_quads: u32,   // quads of a row of out
  kv_quads: u32,    // quads of a row of kv
  keys: u32,        // first quad of the keys in such a row
  apart: u32,       // quads from a key to its value
  scale: f32,       // 1/√d
  causal: u32,      // 1: key rows after the query's own row are hidden
  base: u32,        // 1: the sum over the base prompt's keys
  joined: u32,      // 1: queries are in kv
}
struct Region {
  start: u32, count: u32,             // key rows of this region
  base_start: u32, base_count: u32,   // of the base prompt; count 0 without one
  base_ratio: f32,
}
struct Sight {
  start: u32,
  count: u32,
  weight: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 q
// tensor 2 kv
// Query row of each place in a tile (0xffffffff: none), region of each tile, regions.
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> tiles: array<u32>;
@group(0) @binding(5) var<storage, read> regions: array<Region>;
// tensor 6 sum
// result 7 out

const NONE = 0xffffffffu;

// What the queries of a tile see.
fn sight(tile: u32) -> Sight {
  let r = regions[tiles[tile]];
  if (p.base == 1u) { return Sight(r.base_start, r.base_count, r.base_ratio); }
  return Sight(r.start, r.count, 1.0 - r.base_ratio);
}

fn query_at(i: u32) -> vec4f {
  if (JOINED == 0u) { return q_at(i); }
  return select(q_at(i * (1u - p.joined)), kv_at(i * p.joined), p.joined == 1u);   // a branch each would be long code
}

fn put(at: u32, v: vec4f) {
  if (MORE == 1u) { out_put(at, v + sum_at(at)); } else { out_put(at, v); }
}
