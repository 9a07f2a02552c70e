// out[m, n] = act(Σₖ x[m, k] · w[k, n] + bias[n] + shift[b(m), n]) + residual[m, n]
//
// The one contraction of the networks. With TAPS = 1 the rows of x are tokens, or pixels seen by a 1×1 convolution; with
// TAPS = 9 they are the 3×3 neighbours of each output pixel (implicit GEMM), at stride 1 or 2, optionally of the picture
// doubled in size. A group of 8 lanes owns ROWS rows × 64 columns: each lane loads four channels of every row, the group
// shares them, and each lane multiplies them with its own 8 columns. Loads are the cost on every device; this way x is
// loaded once per 64 columns and w once per ROWS rows.
//
// x [batch, rows, depth·4], w [batch][panel of 64][tap][k][lane][8], out [batch, rows, quads·4]; workgroup 8 × WAVES;
// grid: panels, rows / (ROWS · WAVES), batch. GATED: columns come as 4 values, 4 gates: out = value · gelu(gate).
struct Params {
  rows: u32,
  depth: u32,        // quads of input channels
  quads: u32,        // quads of output channels
  panels: u32,
  entry_rows: u32,   // rows of one batch entry: they share a row of shift
  flags: u32,        // 1 bias, 2 shift, 4 residual
  activation: u32,   // as in src/ops/activation.ts
  in_width: u32,
  in_height: u32,
  view_width: u32,   // the picture that taps see: x itself, or x doubled
  view_height: u32,
  out_width: u32,
  stride: u32,
  pad: u32,          // pixels before the first
  up: u32,           // 1: x is read at twice its size, nearest neighbour
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 x
// weights 2 w
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
// tensor 4 shift
// tensor 5 residual
// result 6 out

const OUTSIDE = 0xffffffffu;

// Row of x that output row m sees through a tap.
fn source_row(m: u32, tap: u32) -> u32 {
  if (TAPS == 1u) { return m; }
  let entry = m / p.entry_rows;
  let pixel = m % p.entry_rows;
  let y = (pixel / p.out_width) * p.stride + tap / 3u - p.pad;
  let x = (pixel % p.out_width) * p.stride + tap % 3u - p.pad;
  // Unsigned wrap-around makes "left of 0" huge, so one comparison serves both borders.
  if (y >= p.view_height || x >= p.view_width) { return OUTSIDE; }
  return (entry * p.in_height + (y >> p.up)) * p.in_width + (x >> p.up);
}

// use activations
// use lanes

fn finish(sum: vec4f, m: u32, batch: u32, quad: u32) {
  if (m >= p.rows || quad >= p.quads) { return; }
  var v = sum;
  if ((p.flags & 2u) != 0u) { v += shift_at((m / p.entry_rows) * p.quads + quad); }
  v = activate(v, p.activation);
  let at = (batch * p.rows + m) * p.quads + quad;
  if ((p.flags & 4u) != 0u) { v += residual_at(at); }
  out_put(at, v);
}

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let panel = group.x;
  let batch = group.z;
  let row = (group.y * WAVES + local.y) * ROWS;
  // for $i in ROWS
  var low$i = vec4f(0);
  var high$i = vec4f(0);
  // end
  for (var tap = 0u; tap < TAPS; tap++) {
    // for $i in ROWS
    let from$i = source_row(min(row + $iu, p.rows - 1u), tap);
    let start$i = (batch * p.rows + select(from$i, 0u, from$i == OUTSIDE)) * p.depth;
    // end
    for (var c = 0u; c < p.depth; c += 8u) {
      let mine = min(c + lane, p.depth - 1u);
      lanes_ready();
      // for $i in ROWS
      let a$i = select(x_at(start$i + mine), vec4f(0), from$i == OUTSIDE);
      lanes_put($iu, lane, a$i);
      // end
      lanes_ready();
      let count = min(8u, p.depth - c);
      for (var other = 0u; other < count; other++) {
        let k = (((batch * p.panels + panel) * TAPS + tap) * p.depth + c + other) * 32u + lane;
        let w0 = w_at(k);
        let w1 = w_at(k + 8u);
        let w2 = w_at(k + 16u);
        let w3 = w_at(k + 24u);
        // for $i in ROWS
        let s$i = lanes_get($iu, other, a$i);
        low$i += s$i.x * w0[0] + s$i.y * w1[0] + s$i.z * w2[0] + s$i.w * w3[0];
        high$i += s$i.x * w0[1] + s$i.y * w1[1] + s$i.z * w2[1] + s$i.w * w3[1];
        // end
      }
    }
  }
  let column = (panel * 8u + lane) * 2u;
  var bias_low = vec4f(0);
  var bias_high = vec4f(0);
  if ((p.flags & 1u) != 0u) {
    bias_low = bias[column];
    bias_high = bias[column + 1u];
  }
  // A loop instead of unrolled rows: what follows is long, and unrolled it would be most of the time to compile.
  var sums: array<vec4f, 2 * ROWS>;
  // for $i in ROWS
  sums[2 * $i] = low$i + bias_low;
  sums[2 * $i + 1] = high$i + bias_high;
  // end
  for (var i = 0u; i < ROWS; i++) {
    if (GATED == 1u) {
      finish(sums[2u * i] * gelu(sums[2u * i + 1u]), row + i, batch, column / 2u);
    } else {
      finish(sums[2u * i], row + i, batch, column);
      finish(sums[2u * i + 1u], row + i, batch, column + 1u);
    }
  }
}
