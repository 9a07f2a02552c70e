// Joins the slices of a product: sums them, and ends it as matmul.wgsl would. sums [slice, row, lane of a panel, 8].
// One invocation: eight columns of one row.
struct Params {
  rows: u32,
  quads: u32,
  panels: u32,
  entry_rows: u32,
  has_bias: u32,
  has_residual: u32,
  has_shift: u32,
  shift_quads: u32,
  shift_first: u32,
  slope: f32,
  slices: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// use epilogue
// sums 5 sums

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let lanes = p.panels * 8u;
  let index = invocation(group, local);
  if (index >= p.rows * lanes) { return; }
  var low = vec4f(0);
  var high = vec4f(0);
  for (var slice = 0u; slice < p.slices; slice++) {
    let at = (slice * p.rows * lanes + index) * 2u;
    low += sums_at(at);
    high += sums_at(at + 1u);
  }
  let b = bias_of(index % lanes);
  finish(low + b[0], high + b[1], index / lanes, index % lanes, shift_row(index / lanes));
}
