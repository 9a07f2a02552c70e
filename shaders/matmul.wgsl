// out[m, n] = act(Σₖ x[m, k] · w[k, n] + bias[n] + shift[b(m), n]) + residual[m, n]
//
// The one contraction of the networks, for software adapters. With TAPS = 1 the rows of x are tokens, or pixels seen by
// a 1×1 convolution; with TAPS = 9 they are the 3×3 neighbours of each output pixel (implicit GEMM), at stride 1 or 2,
// optionally of the picture doubled in size. A group of 8 lanes owns ROWS rows × 64 columns: each lane loads four
// channels of every row, the group shares them, and each lane multiplies them with its own 8 columns. Loads are the
// cost; this way x is loaded once per 64 columns and w once per ROWS rows. Where panels are narrower, p.lanes lanes
// share them, and a group owns 8 / p.lanes times as many rows.
//
// x [rows, depth·4], w [panel][tap][k][lane][8], out [rows, quads·4]; workgroup 8 × WAVES; grid: panels ×
// parts, rows / (ROWS · WAVES · 8 / lanes) folded into y and z. PARTS = 1: without the end, partial [part, row,
// column]. A part is the product of one of the PLANES of a weight with as many rows of x.
// use product
// use lanes

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  lanes_begin(local.y);
  let lane = local.x % p.lanes;
  let neighbours = local.x - lane;   // the first of the lanes that share rows with this one
  let panel = group.x % p.panels;
  let part = group.x / p.panels;
  let row = (((group.z * groups.y + group.y) * WAVES + local.y) * 8u + neighbours) / p.lanes * ROWS;
  var here = origin(row);
  // for $i in ROWS
  var low$i = vec4f(0);
  var high$i = vec4f(0);
  let origin$i = here;
  here = next_origin(here);
  // end
  for (var tap = 0u; tap < TAPS; tap++) {
    // for $i in ROWS
    let from$i = source_row(origin$i, tap);
    let start$i = (part * p.rows + select(from$i, 0u, from$i == OUTSIDE)) * p.depth;
    // end
    for (var c = 0u; c < p.depth; c += p.lanes) {
      let mine = min(c + lane, p.depth - 1u);
      lanes_ready();
      // for $i in ROWS
      let a$i = select(x_at(start$i + mine), vec4f(0), from$i == OUTSIDE);
      lanes_put($iu, local.x, a$i);
      // end
      let quad = (panel * PLANES + part + tap) * p.depth + c;
      // use lanes_product
    }
  }
  // A loop instead of unrolled rows, and one whose end no compiler knows: unrolled, what follows is most of the time to
  // compile. A chain of choices finds a row's sums, since an array that is indexed is read lane by lane.
  let column = panel * p.lanes + lane;
  let count = min(ROWS, p.rows - min(row, p.rows));
  let b = bias_of(column);
  for (var i = 0u; i < count; i++) {
    var low = low0;
    var high = high0;
    // for $i in ROWS
    low = select(low, low$i, i == $iu);
    high = select(high, high$i, i == $iu);
    // end
    if (PARTS == 0u) {
      finish(low + b[0], high + b[1], row + i, column, shift_row(row + i));
    } else {
      let at = ((part * p.rows + row + i) * p.panels * p.lanes + column) * 2u;
      partial_put(at, low);
      partial_put(at + 1u, high);
    }
  }
}
