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
