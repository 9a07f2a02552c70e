// out = Σ over ranges r of weight_r · softmax(q · K_rᵀ / √d) · V_r, for heads of up to 128 channels.
//
// Every kind of attention is one table lookup: a query row belongs to a region, a region names the key rows it sees (`keys`)
// and, for regional prompts, the base prompt's (`base`) with the base ratio β: out = (1 − β)·attn(keys) + β·attn(base).
// Self-attention is the region "my own picture". The score matrix never exists (online softmax, Milakov and Gimelshein,
// arXiv 1805.02867; Dao et al., arXiv 2205.14135). A lane owns QUERIES queries of one head; the group of 8 lanes loads 8 keys
// at a time, one each, and shares them.
//
// q [rows, heads·d], kv [tokens, 2·heads·d] (keys, then values), out like q; workgroup 8 × WAVES; grid: tiles, heads.
// use sights
// use lanes
// use total

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let head = group.y * QUADS;
  let region = regions[tiles[group.x]];
  let place = (group.x * WAVES + local.y) * 8u * QUERIES + lane;
  // for $i in QUERIES
  let row$i = rows[place + $iu * 8u];
  let at$i = select(row$i, 0u, row$i == NONE) * p.q_quads + head;
  // for $d in QUADS
  let q$i_$d = q_at(at$i + $du) * p.scale;
  var out$i_$d = vec4f(0);
  // end
  // end
  for (var pass_index = 0u; pass_index < RANGES; pass_index++) {
    let start = select(region.base_start, region.start, pass_index == 0u);
    let count = select(region.base_count, region.count, pass_index == 0u);
    let weight = select(region.base_ratio, 1.0 - region.base_ratio, pass_index == 0u);
    // for $i in QUERIES
    var most$i = -1e30;
    var sum$i = 0.0;
    // for $d in QUADS
    var o$i_$d = vec4f(0);
    // end
    // end
    for (var first = 0u; first < count; first += 8u) {
      let mine = (start + min(first + lane, count - 1u)) * p.kv_quads + head;
      lanes_ready();
      // for $d in QUADS
      let k$d = kv_at(mine + $du);
      lanes_put($du, lane, k$d);
      // end
      lanes_ready();
      // for $j in 8
      // for $i in QUERIES
      var dot$i_$j = vec4f(0);
      // end
      // for $d in QUADS
      {
        let key = lanes_get($du, $ju, k$d);
        // for $i in QUERIES
        dot$i_$j += q$i_$d * key;
        // end
      }
      // end
      // end
      // for $i in QUERIES
      // The last key row that this query may see, counted from `first`.
      let limit$i = select(count, min(count, row$i - start + 1u), p.causal == 1u) - first;
      let low$i = select(vec4f(-1e30), vec4f(total(dot$i_0), total(dot$i_1), total(dot$i_2), total(dot$i_3)),
        vec4i(0, 1, 2, 3) < vec4i(i32(limit$i)));
      let high$i = select(vec4f(-1e30), vec4f(total(dot$i_4), total(dot$i_5), total(dot$i_6), total(dot$i_7)),
        vec4i(4, 5, 6, 7) < vec4i(i32(limit$i)));
      let both$i = max(low$i, high$i);
      let new$i = max(most$i, max(max(both$i.x, both$i.y), max(both$i.z, both$i.w)));
      let fade$i = exp(most$i - new$i);
      let e_low$i = exp(low$i - new$i);
      let e_high$i = exp(high$i - new$i);
      most$i = new$i;
      sum$i = sum$i * fade$i + total(e_low$i + e_high$i);
      // end
      lanes_ready();
      // for $d in QUADS
      let v$d = kv_at(mine + p.kv_quads / 2u + $du);
      lanes_put($du, lane, v$d);
      // end
      lanes_ready();
      // for $d in QUADS
      {
        // for $j in 8
        let value$j = lanes_get($du, $ju, v$d);
        // end
        // for $i in QUERIES
        o$i_$d = o$i_$d * fade$i + e_low$i.x * value0 + e_low$i.y * value1 + e_low$i.z * value2 + e_low$i.w * value3
          + e_high$i.x * value4 + e_high$i.y * value5 + e_high$i.z * value6 + e_high$i.w * value7;
        // end
      }
      // end
    }
    // for $i in QUERIES
    let share$i = select(0.0, weight / sum$i, count > 0u);
    // for $d in QUADS
    out$i_$d += o$i_$d * share$i;
    // end
    // end
  }
  // for $i in QUERIES
  if (row$i != NONE) {
    // for $d in QUADS
    out_put(at$i + $du, out$i_$d);
    // end
  }
  // end
}
