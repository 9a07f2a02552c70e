// matmul.wgsl for GPUs: 64 threads share a tile of 8·ROWS rows × 64 columns through workgroup memory, a thread owns
// ROWS rows × 8 columns of it. CHUNK quads of channels at a time come to workgroup memory: as f32, whatever the
// storage, so that halfs are unpacked once per tile (FULL is 1, HALFS 0); or as halfs, which take half of that memory's
// time, and are summed as such over one chunk, whose sum is added to those before in f32 (HALFS is 1, FULL 0). Either
// they are asked for when it is their turn (NOW is 1, AHEAD 0), or the next ones are on their way to registers while
// sums are made (AHEAD is 1, NOW 0). Tiles are arrays of arrays with a constant inner index, padded by a column against
// bank conflicts; the rows of a thread are spread over the tile for the same reason, and threads that are neighbours
// share a row or a lane, so that what they read is read once. Where tiles are few, `slices` of the channels are summed
// apart, to be joined by matmul_join.wgsl.
//
// Shapes, taps and epilogue as in matmul.wgsl. grid: panels × parts, rows / (8·ROWS) folded into y and z. PARTS = 1:
// without the end, partial [part, row, column]. A part is one of the slices, or, of a weight with more PLANES than
// TAPS, the product of one of them with as many rows of x.
// use product

// for $h in HALFS
alias Quad = vec4<f16>;
// end
// for $f in FULL
alias Quad = vec4f;
// end

var<workgroup> tile_x: array<array<array<Quad, CHUNK + 1>, 8>, ROWS>;       // [row / 8][row % 8][quad of channels]
var<workgroup> tile_w: array<array<array<Quad, 4 * CHUNK + 1>, 8>, 2>;   // [half][lane][channel]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  let lane = thread / 2u % 8u;
  let own = thread % 2u + thread / 16u * 2u;
  let panel = group.x % p.panels;
  let part = group.x / p.panels;
  let first_row = (group.z * groups.y + group.y) * 8u * ROWS;
  let plane = select(0u, part, PLANES != TAPS);
  let slice = (p.depth + CHUNK * p.slices - 1u) / (CHUNK * p.slices) * CHUNK;
  let begin = (part - plane) * slice;
  let end = min(begin + slice, p.depth);
  // To the tiles, a thread brings the same quad of LOADS rows, and one lane of every eighth channel.
  let quad = thread % CHUNK;
  let row = thread / CHUNK;
  let brought = thread % 8u;
  let channel = thread / 8u;
  // for $f in FULL
  // for $i in ROWS
  var low$i = vec4f(0);
  var high$i = vec4f(0);
  // end
  // end
  // for $h in HALFS
  // for $i in ROWS
  var sum_low$i = vec4f(0);
  var sum_high$i = vec4f(0);
  // end
  // end
  for (var tap = 0u; tap < TAPS; tap++) {
    // for $r in LOADS
    let from$r = source_row(origin(min(first_row + row + $ru * 64u / CHUNK, p.rows - 1u)), tap);
    let outside$r = from$r == OUTSIDE;
    var at$r = (plane * p.rows + select(from$r, 0u, outside$r)) * p.depth + begin + quad;
    // end
    var at_w = ((panel * PLANES + plane + tap) * p.depth + begin) * 32u + thread;
    // for $a in AHEAD
    // for $r in LOADS
    var x$r = x_raw(at$r);
    // end
    // for $s in W_LOADS
    var w$s = w_raw(at_w + $su * 64u);
    // end
    // end
    for (var c = begin; c < end; c += CHUNK) {
      workgroupBarrier();
      // for $n in NOW
      // for $r in LOADS
      let x$r = x_raw(at$r);
      // end
      // for $s in W_LOADS
      let w$s = w_raw(at_w + $su * 64u);
      // end
      // end
      // Zeros past the last channel; what weights are read there does not matter then.
      // for $r in LOADS
      tile_x[row / 8u + $ru * 8u / CHUNK][row % 8u][quad] = select(x_of(x$r), Quad(0), outside$r || c + quad >= end);
      at$r += CHUNK;
      // end
      // for $s in W_LOADS
      let eight$s = w_of(w$s);
      tile_w[0][brought][channel + $su * 8u] = eight$s[0];
      tile_w[1][brought][channel + $su * 8u] = eight$s[1];
      // end
      at_w += CHUNK * 32u;
      workgroupBarrier();
      // for $a in AHEAD
      // What the next turn wants, which after the last one is not looked at.
      // for $r in LOADS
      x$r = x_raw(at$r);
      // end
      // for $s in W_LOADS
      w$s = w_raw(at_w + $su * 64u);
      // end
      // end
      // for $h in HALFS
      // for $i in ROWS
      var low$i = Quad(0);
      var high$i = Quad(0);
      // end
      // end
      // for $q in CHUNK
      // for $e in 4
      let low_w$q$e = tile_w[0][lane][4 * $q + $e];
      let high_w$q$e = tile_w[1][lane][4 * $q + $e];
      // end
      // for $i in ROWS
      let a$q$i = tile_x[$i][own][$q];
      low$i += a$q$i.x * low_w$q0;
      high$i += a$q$i.x * high_w$q0;
      low$i += a$q$i.y * low_w$q1;
      high$i += a$q$i.y * high_w$q1;
      low$i += a$q$i.z * low_w$q2;
      high$i += a$q$i.z * high_w$q2;
      low$i += a$q$i.w * low_w$q3;
      high$i += a$q$i.w * high_w$q3;
      // end
      // end
      // for $h in HALFS
      // for $i in ROWS
      sum_low$i += vec4f(low$i);
      sum_high$i += vec4f(high$i);
      // end
      // end
    }
  }
  var sums: array<vec4f, 2 * ROWS>;
  // for $f in FULL
  // for $i in ROWS
  sums[2 * $i] = low$i;
  sums[2 * $i + 1] = high$i;
  // end
  // end
  // for $h in HALFS
  // for $i in ROWS
  sums[2 * $i] = sum_low$i;
  sums[2 * $i + 1] = sum_high$i;
  // end
  // end
  let column = panel * 8u + lane;
  let b = bias_of(column);
  for (var i = 0u; i < ROWS; i++) {
    let m = first_row + own + i * 8u;
    if (PARTS == 0u) {
      finish(sums[2u * i] + b[0], sums[2u * i + 1u] + b[1], m, column, shift_row(m));
    } else if (m < p.rows) {
      let at = ((part * p.rows + m) * p.panels * 8u + column) * 2u;
      partial_put(at, sums[2u * i]);
      partial_put(at + 1u, sums[2u * i + 1u]);
    }
  }
}
