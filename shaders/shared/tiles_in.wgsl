// What is transformed before Winograd's products: which tiles of which picture.
struct Params {
  first: u32,        // tile to begin with, counted through the batch
  tiles: u32,
  depth: u32,
  tile_width: u32,   // tiles along the result
  tile_height: u32,
  in_width: u32,
  in_height: u32,
  view_width: u32,   // the picture that is convolved: x itself, or x doubled
  view_height: u32,
  up: u32,           // 1: x is read at twice its size, nearest neighbour
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// tensor 1 x
// result 2 out
