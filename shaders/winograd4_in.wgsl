// First third of a 3×3 convolution by Winograd's F(4×4, 3×3), as winograd_in.wgsl tells it for F(2×2, 3×3): 36 products
// for a tile of 4×4 results that taps alone would take 144 for. V = Bᵀ·d·B of every tile's 6×6 neighbourhood d.
//
// The points that polynomials are evaluated at are 0, ±√½, ±√2 and ∞ (Barabasz et al., arXiv 1803.10986, on points): in
// f16 they err half as much as 0, ±1, ±2 and ∞. Rows of Bᵀ are a quarter of what the points make of them, those of G
// four times as much: no number of V is larger than 1.7 times the largest of d, so that V fits where d does.
//
// x [batch, in_height, in_width, depth·4], out [36, tiles, depth·4]. One invocation: one quad of three of a tile's six
// lines of V, since all of them would take more registers than many GPUs have.
// use tiles_in

// Bᵀ·d of a column, or what B makes of a line.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f, d4: vec4f, d5: vec4f) -> array<vec4f, 6> {
  let near_even = 0.5 * d2 - 0.25 * d4;
  let near_odd = SQRT1_2 * (0.5 * d1 - 0.25 * d3);
  let far_even = 0.25 * d4 - 0.125 * d2;
  let far_odd = SQRT1_2 * (0.5 * d3 - 0.25 * d1);
  return array<vec4f, 6>(
    0.25 * (d0 + d4) - 0.625 * d2,
    near_even + near_odd,
    near_even - near_odd,
    far_even + far_odd,
    far_even - far_odd,
    0.25 * (d1 + d5) - 0.625 * d3,
  );
}
const SQRT1_2 = 0.70710678118654752;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  let plane = p.tiles * p.depth;
  if (index >= 2u * plane) { return; }
  let late = index >= plane;
  let half = u32(late);
  let place = index - half * plane;
  let quad = place % p.depth;
  let tile = p.first + place / p.depth;
  // One above and left of the results: unsigned wrap-around makes "left of 0" huge.
  let left = tile % p.tile_width * 4u - 1u;
  let top = tile / p.tile_width % p.tile_height * 4u - 1u + half;
  let entry = tile / p.tile_width / p.tile_height * p.in_height;
  // for $y in 5
  let inside$y = top + $yu < p.view_height;
  let row$y = (entry + (select(0u, top + $yu, inside$y) >> p.up)) * p.in_width;
  // end
  // Lines 0, 1 and 2 come of lines 0 … 4 of d, lines 5, 3 and 4 of lines 1 … 5: the same sums with other factors.
  let of_even = select(vec3f(0.0, 0.5, -0.25), SQRT1_2 * vec3f(-0.25, 0.5, 0.0), late);
  let of_odd = select(SQRT1_2 * vec2f(0.5, -0.25), vec2f(-0.125, 0.25), late);
  let sign = select(1.0, -1.0, late);
  // for $x in 6
  let in$x = left + $xu < p.view_width;
  let at$x = select(0u, left + $xu, in$x) >> p.up;
  // for $y in 5
  let d$y$x = select(vec4f(0), x_at((row$y + at$x) * p.depth + quad), inside$y && in$x);
  // end
  let even$x = of_even.x * d0$x + of_even.y * d2$x + of_even.z * d4$x;
  let odd$x = of_odd.x * d1$x + of_odd.y * d3$x;
  let e0$x = 0.25 * (d0$x + d4$x) - 0.625 * d2$x;
  let e1$x = even$x + odd$x;
  let e2$x = sign * (even$x - odd$x);
  // end
  let lines = vec3u(half * 5u, half * 2u + 1u, half * 2u + 2u);
  // for $y in 3
  let v$y = transform(e$y0, e$y1, e$y2, e$y3, e$y4, e$y5);
  // for $x in 6
  out_put((lines[$y] * 6u + $xu) * plane + place, v$y[$x]);
  // end
  // end
}
