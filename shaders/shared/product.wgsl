// What is multiplied, and how rows of x are found.
// use epilogue
// tensor 5 x
// weights 6 w

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
