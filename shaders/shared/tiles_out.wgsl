// What Winograd's products are added up to: which tiles of which result, and the end of the convolution there.
struct Params {
  rows: u32,         // pixels of the result
  quads: u32,
  columns: u32,      // quads of a row of sums
  entry_rows: u32,
  has_bias: u32,
  has_residual: u32,
  has_shift: u32,
  shift_quads: u32,
  shift_first: u32,
  slope: f32,
  first: u32,        // tile to begin with, counted through the batch
  tiles: u32,
  tile_width: u32,   // tiles along the result
  tile_height: u32,
  width: u32,
  height: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// use epilogue
// sums 5 sums

fn end(sum: vec4f, m: u32, inside: bool, quad: u32) {
  finish_quad(sum, select(OUTSIDE, m, inside), quad, shift_row(m));
}
