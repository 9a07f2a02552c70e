// The end of a product: out[m, n] = act(sum[m, n] + bias[n] + shift[b(m), n]) + residual[m, n]. GATED: columns come as 4 values,
// 4 gates: out = value · gelu(gate).
struct Params {
  rows: u32,
  depth: u32,        // quads of input channels
  quads: u32,        // quads of output channels
  panels: u32,
  entry_rows: u32,   // rows of one batch entry: they share a row of shift
  flags: u32,        // 1 bias, 2 shift, 4 residual, 8 shift has a row for every row: values, then gates
  activation: u32,   // by number, as shaders/shared/activations.wgsl has them
  in_width: u32,
  in_height: u32,
  view_width: u32,   // the picture that taps see: x itself, or x doubled
  view_height: u32,
  out_width: u32,
  stride: u32,
  pad: u32,          // pixels before the first
  up: u32,           // 1: x is read at twice its size, nearest neighbour
  slices: u32,       // parts that the input channels are cut into; more than one: sums go to `partial`
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> bias: array<vec4f>;
// tensor 2 shift
// tensor 3 residual
// result 4 out
// use activations

fn finish_quad(sum: vec4f, m: u32, quad: u32) {
  if (m >= p.rows || quad >= p.quads) { return; }
  var v = sum;
  if ((p.flags & 2u) != 0u) { v += shift_at((m / p.entry_rows) * p.quads + quad); }
  v = activate(v, p.activation);
  let at = m * p.quads + quad;
  if ((p.flags & 4u) != 0u) { v += residual_at(at); }
  out_put(at, v);
}

// The eight columns of one lane of a panel, without their bias.
fn finish(low: vec4f, high: vec4f, m: u32, lane: u32) {
  var sums = array<vec4f, 2>(low, high);
  if ((p.flags & 1u) != 0u) {
    sums[0] += bias[lane * 2u];
    sums[1] += bias[lane * 2u + 1u];
  }
  if (GATED == 1u) {
    if ((p.flags & 8u) != 0u && m < p.rows && lane < p.quads) {
      sums[0] += shift_at(m * 2u * p.quads + lane);
      sums[1] += shift_at((m * 2u + 1u) * p.quads + lane);
    }
    finish_quad(sums[0] * gelu(sums[1]), m, lane);
  } else {
    finish_quad(sums[0], m, lane * 2u);
    finish_quad(sums[1], m, lane * 2u + 1u);
  }
}
