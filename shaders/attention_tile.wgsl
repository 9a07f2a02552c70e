// attention.wgsl for GPUs: 64 threads share BLOCK keys and values at a time through workgroup memory, as f32. PARTS
// threads own QUERIES queries together, each QUADS quads of their channels: what they hold in registers is small, and
// each key that is read serves several queries. Where a head is split, the parts of a score are summed through
// workgroup memory. 4·KEY_QUADS keys a turn.
//
// Same tables, bindings and result. grid: tiles, heads.
// use sights

const GROUP = 64u / PARTS;   // threads that own the same channels of different queries

// [key][part][quad]: a constant inner index, and an odd row length against bank conflicts
var<workgroup> keys: array<array<array<vec4f, QUADS | 1>, PARTS>, BLOCK>;
var<workgroup> values: array<array<array<vec4f, QUADS | 1>, PARTS>, BLOCK>;
// for $s in SPLIT
var<workgroup> scores: array<array<vec4f, 65>, QUERIES * KEY_QUADS>;   // [query, quad of keys][part, query]
// end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let query = thread % GROUP;
  let part = thread / GROUP;
  let head = group.y * PARTS * QUADS;
  let see = sight(group.x);
  // for $i in QUERIES
  let row$i = rows[(group.x * QUERIES + $iu) * GROUP + query];
  let at$i = select(row$i, 0u, row$i == NONE) * p.q_quads + head + part * QUADS;
  let end$i = select(see.count, min(see.count, row$i - see.start + 1u), p.causal == 1u);
  var most$i = -1e30;
  var sum$i = 0.0;
  // for $d in QUADS
  let q$i_$d = query_at(at$i + $du) * (p.scale * 1.44269504);   // powers of 2 below
  var o$i_$d = vec4f(0);
  // end
  // end
  for (var first = 0u; first < see.count; first += BLOCK) {
    workgroupBarrier();
    for (var e = thread; e < BLOCK * PARTS * QUADS; e += 64u) {
      let key = e / (PARTS * QUADS);
      let d = e % (PARTS * QUADS);
      let from_row = (see.start + min(first + key, see.count - 1u)) * p.kv_quads + p.keys + head + d;
      keys[key][d / QUADS][d % QUADS] = kv_at(from_row);
      values[key][d / QUADS][d % QUADS] = kv_at(from_row + p.apart);
    }
    workgroupBarrier();
    for (var turn = 0u; turn < BLOCK; turn += 4u * KEY_QUADS) {
      // for $i in QUERIES
      // for $h in KEY_QUADS
      // for $j in 4
      var x$i_$h$j = 0.0;
      // end
      // end
      // end
      // for $h in KEY_QUADS
      // for $j in 4
      // for $d in QUADS
      let k$h$j_$d = keys[turn + 4 * $h + $j][part][$d];
      // for $i in QUERIES
      x$i_$h$j += q$i_$d.x * k$h$j_$d.x;
      x$i_$h$j += q$i_$d.y * k$h$j_$d.y;
      x$i_$h$j += q$i_$d.z * k$h$j_$d.z;
      x$i_$h$j += q$i_$d.w * k$h$j_$d.w;
      // end
      // end
      // end
      // end
      // for $s in SPLIT
      workgroupBarrier();
      // for $i in QUERIES
      // for $h in KEY_QUADS
      scores[$i * KEY_QUADS + $h][thread] = vec4f(x$i_$h0, x$i_$h1, x$i_$h2, x$i_$h3);
      // end
      // end
      workgroupBarrier();
      // for $i in QUERIES
      // for $h in KEY_QUADS
      var whole$i_$h = vec4f(0);
      // for $r in PARTS
      whole$i_$h += scores[$i * KEY_QUADS + $h][$r * GROUP + query];
      // end
      // for $j in 4
      x$i_$h$j = whole$i_$h[$j];
      // end
      // end
      // end
      // end
      // for $i in QUERIES
      var new$i = most$i;
      // for $h in KEY_QUADS
      // for $j in 4
      x$i_$h$j = select(-1e30, x$i_$h$j, first + turn + (4 * $h + $j) < end$i);
      new$i = max(new$i, x$i_$h$j);
      // end
      // end
      let fade$i = exp2(most$i - new$i);
      most$i = new$i;
      sum$i *= fade$i;
      // for $h in KEY_QUADS
      // for $j in 4
      x$i_$h$j = exp2(x$i_$h$j - new$i);
      sum$i += x$i_$h$j;
      // end
      // end
      // for $d in QUADS
      o$i_$d *= fade$i;
      // end
      // end
      // for $h in KEY_QUADS
      // for $j in 4
      // for $d in QUADS
      let v$h$j_$d = values[turn + 4 * $h + $j][part][$d];
      // for $i in QUERIES
      o$i_$d += x$i_$h$j * v$h$j_$d;
      // end
      // end
      // end
      // end
    }
  }
  // for $i in QUERIES
  let share$i = select(0.0, see.weight / sum$i, see.count > 0u);
  if (row$i != NONE) {
    // for $d in QUADS
    put(row$i * p.out_quads + head + part * QUADS + $du, o$i_$d * share$i);
    // end
  }
  // end
}
