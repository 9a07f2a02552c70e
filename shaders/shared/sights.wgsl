// What queries see. A query row belongs to a region, a region names the key rows it sees and, for regional prompts, the base
// prompt's with the base ratio β: out = (1 − β)·attn(keys) + β·attn(base). Query rows come sorted by region in tiles.
struct Params {
  q_quads: u32,     // quads of a row of q and out
  kv_quads: u32,    // quads of a row of kv
  scale: f32,       // 1/√d
  causal: u32,      // 1: key rows after the query's own row are hidden
}
struct Region {
  start: u32, count: u32,             // key rows of this region
  base_start: u32, base_count: u32,   // of the base prompt; count 0 without one
  base_ratio: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 q
// tensor 2 kv
// Query row of each place in a tile (0xffffffff: none), region of each tile, regions.
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> tiles: array<u32>;
@group(0) @binding(5) var<storage, read> regions: array<Region>;
// result 6 out

const NONE = 0xffffffffu;
