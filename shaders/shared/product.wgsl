// What is multiplied, and how rows of x are found.
struct Params {
  rows: u32,
  depth: u32,        // quads of input channels
  quads: u32,        // quads of output channels
  panels: u32,
  entry_rows: u32,   // rows of one batch entry
  has_bias: u32,
  shift_quads: u32,
  shift_first: u32,
  in_width: u32,
  in_height: u32,
  view_width: u32,   // the picture that taps see: x itself, or x doubled
  view_height: u32,
  out_width: u32,
  stride: u32,
  pad: u32,          // pixels before the first
  up: u32,           // 1: x is read at twice its size, nearest neighbour
  slices: u32,       // parts that the input channels are cut into
}
@group(0) @binding(0) var<uniform> p: Params;
// use epilogue
// tensor 5 x
// weights 6 w
// sums_result 7 partial

// Where output row m begins to look: first row of its picture, and the top and left of its neighbourhood there.
fn origin(m: u32) -> vec3u {
  if (TAPS == 1u) { return vec3u(m, 0u, 0u); }
  let pixel = m % p.entry_rows;
  return vec3u(m / p.entry_rows * p.in_height, pixel / p.out_width * p.stride - p.pad, pixel % p.out_width * p.stride - p.pad);
}

// Row of x that is seen from there through a tap.
fn source_row(origin: vec3u, tap: u32) -> u32 {
  if (TAPS == 1u) { return origin.x; }
  let y = origin.y + tap / 3u;
  let x = origin.z + tap % 3u;
  // Unsigned wrap-around makes "left of 0" huge, so one comparison serves both borders.
  if (y >= p.view_height || x >= p.view_width) { return OUTSIDE; }
  return (origin.x + (y >> p.up)) * p.in_width + (x >> p.up);
}
