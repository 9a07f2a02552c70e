// Last third of a convolution by Winograd's F(2×2, 3×3) (winograd_in.wgsl): Y = Aᵀ·M·A of the 16 products M of a tile,
// and the end of the convolution. sums [16, tiles, columns·4], out [batch, height, width, quads·4]. One invocation: one
// quad of one tile.
// use tiles_out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.tiles * p.quads) { return; }
  let quad = index % p.quads;
  let tile = p.first + index / p.quads;
  let at = index / p.quads * p.columns + quad;
  // for $y in 4
  let m$y0 = sums_at(($yu * 4u * p.tiles) * p.columns + at);
  let m$y1 = sums_at((($yu * 4u + 1u) * p.tiles) * p.columns + at);
  let m$y2 = sums_at((($yu * 4u + 2u) * p.tiles) * p.columns + at);
  let m$y3 = sums_at((($yu * 4u + 3u) * p.tiles) * p.columns + at);
  let left$y = m$y0 + m$y1 + m$y2;
  let right$y = m$y1 - m$y2 - m$y3;
  // end
  var b = vec4f(0);
  if (p.has_bias == 1u) { b = bias[quad]; }
  let x = tile % p.tile_width * 2u;
  let y = tile / p.tile_width % p.tile_height * 2u;
  let m = (tile / p.tile_width / p.tile_height * p.height + y) * p.width + x;
  let right = x + 1u < p.width;
  let below = y + 1u < p.height;
  end(b + left0 + left1 + left2, m, true, quad);
  end(b + right0 + right1 + right2, m + 1u, right, quad);
  end(b + left1 - left2 - left3, m + p.width, below, quad);
  end(b + right1 - right2 - right3, m + p.width + 1u, right && below, quad);
}
