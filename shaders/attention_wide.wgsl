// attention.wgsl for wide heads (the VAE's single head of 512 channels): here the 8 lanes of a group split the channels
// of a head, and all of them work on the same QUERIES queries. A score is the sum of eight partial products. Same
// tables, bindings and result; a lane owns the quads lane, lane + 8, … so that neighbours load neighbouring memory.
// use sights
// use lanes
// use total

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let head = group.y * QUADS * 8u + lane;
  let see = sight(group.x);
  let place = (group.x * WAVES + local.y) * QUERIES;
  // for $i in QUERIES
  let row$i = rows[place + $iu];
  let at$i = select(row$i, 0u, row$i == NONE) * p.q_quads + head;
  var most$i = -1e30;
  var sum$i = 0.0;
  // for $d in QUADS
  let q$i_$d = query_at(at$i + $du * 8u) * p.scale;
  var o$i_$d = vec4f(0);
  // end
  // end
  for (var key = 0u; key < see.count; key++) {
    let from_row = (see.start + key) * p.kv_quads + p.keys + head;
    // for $d in QUADS
    let k$d = kv_at(from_row + $du * 8u);
    let v$d = kv_at(from_row + p.apart + $du * 8u);
    // end
    // for $i in QUERIES
    var dot$i = vec4f(0);
    // for $d in QUADS
    dot$i += q$i_$d * k$d;
    // end
    let seen$i = p.causal == 0u || see.start + key <= row$i;
    let score$i = select(-1e30, total(lanes_sum(lane, dot$i)), seen$i);
    let new$i = max(most$i, score$i);
    let fade$i = exp(most$i - new$i);
    let e$i = exp(score$i - new$i);
    most$i = new$i;
    sum$i = sum$i * fade$i + e$i;
    // for $d in QUADS
    o$i_$d = o$i_$d * fade$i + e$i * v$d;
    // end
    // end
  }
  // for $i in QUERIES
  let share$i = select(0.0, see.weight / sum$i, see.count > 0u);
  if (row$i != NONE) {
    // for $d in QUADS
    put(row$i * p.out_quads + head + $du * 8u, o$i_$d * share$i);
    // end
  }
  // end
}
