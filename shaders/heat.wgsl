// Where words are seen (DAAM, Tang et al., arXiv 2210.04885): heat[object, row] += Σ over heads of Σ over tokens of
// words[object, token] · softmax(q · Kᵀ / √d)[token] / heads. The softmax is the attention's own, over all tokens; it
// is not stored, but computed online as in attention.wgsl. One invocation: one query row of one object, all heads.
// grid: rows / 64, objects.
struct Params {
  rows: u32,
  tokens: u32,
  heads: u32,
  scale: f32,    // 1 / √d
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 q
// tensor 2 kv
@group(0) @binding(3) var<storage, read> words: array<f32>;        // [objects, tokens]
@group(0) @binding(4) var<storage, read_write> heat: array<f32>;   // [objects, rows]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let first = id.y * p.tokens;
  let width = p.heads * QUADS;
  var seen = 0.0;
  for (var head = 0u; head < p.heads; head++) {
    // for $d in QUADS
    let q$d = q_at(row * width + head * QUADS + $du) * p.scale;
    // end
    var most = -1e30;
    var sum = 0.0;
    var named = 0.0;
    for (var token = 0u; token < p.tokens; token++) {
      let key = token * 2u * width + head * QUADS;
      var score = 0.0;
      // for $d in QUADS
      score += dot(q$d, kv_at(key + $du));
      // end
      let new_most = max(most, score);
      let fade = exp(most - new_most);
      let e = exp(score - new_most);
      most = new_most;
      sum = sum * fade + e;
      named = named * fade + e * words[first + token];
    }
    seen += named / sum;
  }
  heat[id.y * p.rows + row] += seen / f32(p.heads);
}
