// out = weight · softmax(q · Kᵀ / √d) · V (+ sum), for heads of up to 128 channels. The score matrix never exists
// (online softmax, Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135). A lane owns QUERIES queries
// of one head; the group of 8 lanes loads 8 keys at a time, one each, and shares them.
//
// q [rows, heads·d], kv [tokens, 2·heads·d] (keys, then values; queries first where they are joined), out [rows,
// heads·d]; workgroup 8 × WAVES; grid: tiles, heads.
// use sights
// use lanes
// use total

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let head = group.y * QUADS;
  let see = sight(group.x);
  let place = (group.x * WAVES + local.y) * 8u * QUERIES + lane;
  // for $i in QUERIES
  let row$i = rows[place + $iu * 8u];
  let at$i = select(row$i, 0u, row$i == NONE) * p.q_quads + head;
  // The last key row that this query may see, from the first.
  let end$i = select(see.count, min(see.count, row$i - see.start + 1u), p.causal == 1u);
  var most$i = -1e30;
  var sum$i = 0.0;
  // for $d in QUADS
  let q$i_$d = query_at(at$i + $du) * p.scale;
  var o$i_$d = vec4f(0);
  // end
  // end
  for (var first = 0u; first < see.count; first += 8u) {
    let mine = (see.start + min(first + lane, see.count - 1u)) * p.kv_quads + p.keys + head;
    lanes_ready();
    // for $d in QUADS
    let k$d = kv_at(mine + $du);
    lanes_put($du, lane, k$d);
    // end
    lanes_ready();
    // A key at a time in a short loop: unrolled, what a lane runs for 8 of them is more than caches of instructions
    // hold.
    // for $i in QUERIES
    var low$i = vec4f(0);
    var high$i = vec4f(0);
    // end
    for (var j = 0u; j < 8u; j++) {
      // for $i in QUERIES
      var dot$i = vec4f(0);
      // end
      // for $d in QUADS
      {
        let key = lanes_get($du, j, k$d);
        // for $i in QUERIES
        dot$i += q$i_$d * key;
        // end
      }
      // end
      // for $i in QUERIES
      let score$i = vec4f(total(dot$i));
      low$i = select(low$i, score$i, vec4u(0, 1, 2, 3) == vec4u(j));
      high$i = select(high$i, score$i, vec4u(4, 5, 6, 7) == vec4u(j));
      // end
    }
    // for $i in QUERIES
    let limit$i = vec4i(i32(end$i - first));
    low$i = select(vec4f(-1e30), low$i, vec4i(0, 1, 2, 3) < limit$i);
    high$i = select(vec4f(-1e30), high$i, vec4i(4, 5, 6, 7) < limit$i);
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
    let v$d = kv_at(mine + p.apart + $du);
    lanes_put($du, lane, v$d);
    // end
    lanes_ready();
    // for $d in QUADS
    {
      // for $i in QUERIES
      o$i_$d *= fade$i;
      // end
      // for $j in 4
      {
        let value = lanes_get($du, $ju, v$d);
        // for $i in QUERIES
        o$i_$d += e_low$i[$ju] * value;
        // end
      }
      // end
      // for $j in 4
      {
        let value = lanes_get($du, 4u + $ju, v$d);
        // for $i in QUERIES
        o$i_$d += e_high$i[$ju] * value;
        // end
      }
      // end
    }
    // end
  }
  // for $i in QUERIES
  let share$i = select(0.0, see.weight / sum$i, see.count > 0u);
  if (row$i != NONE) {
    // for $d in QUADS
    put(row$i * p.out_quads + head + $du, o$i_$d * share$i);
    // end
  }
  // end
}
