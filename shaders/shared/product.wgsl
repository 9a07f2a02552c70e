// What is multiplied, and how rows of x are found.
struct Params {
  rows: u32,
  depth: u32,        // quads of input channels
  quads: u32,        // quads of output channels
  panels: u32,
  entry_rows: u32,   // rows of one batch entry
  has_bias: u32,
  has_residual: u32,
  has_shift: u32,
  shift_quads: u32,
  shift_first: u32,
  slope: f32,
  in_width: u32,
  in_height: u32,
  view_width: u32,   // the picture that taps see: x itself, or x doubled
  view_height: u32,
  out_width: u32,
  out_height: u32,
  stride: u32,
  pad: u32,          // pixels before the first
  up: u32,           // 1: x is read at twice its size, nearest neighbour
  slices: u32,       // parts that the input channels are cut into
  lanes: u32,        // of a group of 8, those that share a panel
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

// The same of the row after, without dividing, which is slow.
fn next_origin(o: vec3u) -> vec3u {
  if (TAPS == 1u) { return vec3u(o.x + 1u, 0u, 0u); }
  let line_ends = o.z + p.pad + p.stride >= p.out_width * p.stride;
  let picture_ends = line_ends && o.y + p.pad + p.stride >= p.out_height * p.stride;
  return vec3u(
    o.x + select(0u, p.in_height, picture_ends),
    select(o.y + select(0u, p.stride, line_ends), 0u - p.pad, picture_ends),
    select(o.z + p.stride, 0u - p.pad, line_ends),
  );
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
