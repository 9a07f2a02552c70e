// First third of a 3×3 convolution by Winograd's F(2×2, 3×3) (Lavin and Gray, arXiv 1509.09308): Y = Aᵀ[(G·g·Gᵀ) ⊙
// (Bᵀ·d·B)]A, 16 products for a tile of 2×2 results that taps alone would take 36 for. Here V = Bᵀ·d·B: every tile's
// 4×4 neighbourhood d becomes the 16 rows of x for as many products over the channels; shaders/winograd_out.wgsl does
// the rest. V is stored as the activations are: the sum of four, it must stay below their largest number.
//
// x [batch, in_height, in_width, depth·4], out [16, tiles, depth·4]. One invocation: one quad of one tile.
// use tiles_in

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.tiles * p.depth) { return; }
  let quad = index % p.depth;
  let tile = p.first + index / p.depth;
  // One above and left of the results: unsigned wrap-around makes "left of 0" huge.
  let left = tile % p.tile_width * 2u - 1u;
  let top = tile / p.tile_width % p.tile_height * 2u - 1u;
  let entry = tile / p.tile_width / p.tile_height * p.in_height;
  // for $y in 4
  let row$y = (entry + (min(top + $yu, p.view_height) >> p.up)) * p.in_width;
  let inside$y = top + $yu < p.view_height;
  // end
  // for $x in 4
  let at$x = left + $xu;
  // for $y in 4
  let d$y$x = select(vec4f(0), x_at(select(0u, (row$y + (at$x >> p.up)) * p.depth + quad, inside$y && at$x < p.view_width)),
    inside$y && at$x < p.view_width);
  // end
  // Bᵀ·d
  let e0$x = d0$x - d2$x;
  let e1$x = d1$x + d2$x;
  let e2$x = d2$x - d1$x;
  let e3$x = d1$x - d3$x;
  // end
  // for $y in 4
  out_put(($yu * 4u * p.tiles) * p.depth + index, e$y0 - e$y2);
  out_put((($yu * 4u + 1u) * p.tiles) * p.depth + index, e$y1 + e$y2);
  out_put((($yu * 4u + 2u) * p.tiles) * p.depth + index, e$y2 - e$y1);
  out_put((($yu * 4u + 3u) * p.tiles) * p.depth + index, e$y1 - e$y3);
  // end
}
