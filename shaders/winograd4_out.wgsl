// Last third of a convolution by Winograd's F(4×4, 3×3) (winograd4_in.wgsl): Y = Aᵀ·M·A of the 36 products M of a tile,
// and the end of the convolution. sums [36, tiles, columns·4], out [batch, height, width, quads·4]. One invocation: one
// quad of one tile.
// use tiles_out

// Aᵀ·m of a column.
fn transform(m0: vec4f, m1: vec4f, m2: vec4f, m3: vec4f, m4: vec4f, m5: vec4f) -> array<vec4f, 4> {
  let near_even = m1 + m2;
  let near_odd = SQRT1_2 * (m1 - m2);
  let far_even = m3 + m4;
  let far_odd = SQRT1_2 * (m3 - m4);
  return array<vec4f, 4>(
    m0 + near_even + far_even,
    near_odd + 2.0 * far_odd,
    0.5 * near_even + 2.0 * far_even,
    0.5 * near_odd + 4.0 * far_odd + m5,
  );
}
const SQRT1_2 = 0.70710678118654752;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.tiles * p.quads) { return; }
  let quad = index % p.quads;
  let tile = p.first + index / p.quads;
  let at = index / p.quads * p.columns + quad;
  let plane = p.tiles * p.columns;
  // for $y in 6
  // for $x in 6
  let m$y$x = sums_at(($yu * 6u + $xu) * plane + at);
  // end
  let t$y = transform(m$y0, m$y1, m$y2, m$y3, m$y4, m$y5);
  // end
  var b = vec4f(0);
  if (p.has_bias == 1u) { b = bias[quad]; }
  let x = tile % p.tile_width * 4u;
  let y = tile / p.tile_width % p.tile_height * 4u;
  let m = (tile / p.tile_width / p.tile_height * p.height + y) * p.width + x;
  // for $x in 4
  let y$x = transform(t0[$x], t1[$x], t2[$x], t3[$x], t4[$x], t5[$x]);
  // for $y in 4
  end(b + y$x[$y], m + $yu * p.width + $xu, x + $xu < p.width && y + $yu < p.height, quad);
  // end
  // end
}
