// A 3×3 convolution by Winograd's F(2×2, 3×3) as winograd_in.wgsl tells it, whole, for software adapters: Y = Aᵀ[U ⊙
// (Bᵀ·d·B)]A for tiles of 2×2 results. What costs there are loads, and stores more, so patches are made where they are
// used, four loads for each number that is multiplied, and none of the sixteen products is ever stored: one after the
// other is added to the four results that have a part in it, with the factor 1, −1 or 0. Lanes share rows and panels as
// in matmul.wgsl; a row is a tile.
//
// x [batch, in_height, in_width, depth·4], w [panel][16][k][lane][8], out [batch, height, width, quads·4]; workgroup
// 8 × WAVES; grid: panels, tiles / (ROWS · WAVES · 8 / lanes) folded into y and z.
struct Params {
  rows: u32,         // pixels of the result
  depth: u32,        // quads of input channels
  quads: u32,        // quads of output channels
  panels: u32,
  entry_rows: u32,   // pixels of one batch entry
  has_bias: u32,
  has_residual: u32,
  has_shift: u32,
  shift_quads: u32,
  shift_first: u32,
  slope: f32,
  tiles: u32,
  tile_width: u32,   // tiles along the result
  tile_height: u32,
  in_width: u32,
  in_height: u32,
  width: u32,        // of the result, and of the picture that is convolved: x itself, or x doubled
  height: u32,
  up: u32,           // 1: x is read at twice its size, nearest neighbour
  lanes: u32,        // of a group of 8, those that share a panel
}
@group(0) @binding(0) var<uniform> p: Params;
// use epilogue
// use lanes
// tensor 5 x
// weights 6 w

// The two lines and the two columns of a tile that a plane takes: where they lie in x, and their factors.
struct Patch {
  above: u32,
  below: u32,
  left: u32,
  right: u32,
  by_one: vec2f,
  by_two: vec2f,
}

fn patch_of(tile: vec3u, one: vec2u, two: vec2u, of_one: vec2f, of_two: vec2f) -> Patch {
  // One before the results: unsigned wrap-around makes "left of 0" huge. What lies outside counts for nothing.
  let one_at = tile.xy * 2u - 1u + one;
  let two_at = tile.xy * 2u - 1u + two;
  let one_inside = one_at < vec2u(p.width, p.height);
  let two_inside = two_at < vec2u(p.width, p.height);
  let start = tile.z * p.in_height;
  return Patch(
    (start + select(0u, one_at.y >> p.up, one_inside.y)) * p.in_width * p.depth,
    (start + select(0u, two_at.y >> p.up, two_inside.y)) * p.in_width * p.depth,
    select(0u, one_at.x >> p.up, one_inside.x) * p.depth,
    select(0u, two_at.x >> p.up, two_inside.x) * p.depth,
    select(vec2f(0), of_one, one_inside),
    select(vec2f(0), of_two, two_inside),
  );
}

// A number of Bᵀ·d·B.
fn patch_at(d: Patch, quad: u32) -> vec4f {
  let top = d.by_one.x * x_at(d.above + d.left + quad) + d.by_two.x * x_at(d.above + d.right + quad);
  let bottom = d.by_one.x * x_at(d.below + d.left + quad) + d.by_two.x * x_at(d.below + d.right + quad);
  return d.by_one.y * top + d.by_two.y * bottom;
}

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  lanes_begin(local.y);
  let lane = local.x % p.lanes;
  let neighbours = local.x - lane;   // the first of the lanes that share tiles with this one
  let panel = group.x;
  let first = (((group.z * groups.y + group.y) * WAVES + local.y) * 8u + neighbours) / p.lanes * ROWS;
  let line = first / p.tile_width;
  // Of each tile: how far right and down it lies in its picture, and where the picture begins in x.
  var here = vec3u(first % p.tile_width, line % p.tile_height, line / p.tile_height);
  // for $i in ROWS
  let tile$i = here;
  let ends$i = here.x + 1u == p.tile_width;
  let last$i = ends$i && here.y + 1u == p.tile_height;
  here = vec3u(select(here.x + 1u, 0u, ends$i), select(here.y + u32(ends$i), 0u, last$i), here.z + u32(last$i));
  // for $q in 4
  var low$i$q = vec4f(0);
  var high$i$q = vec4f(0);
  // end
  // end
  for (var plane = 0u; plane < 16u; plane++) {
    // A row of Bᵀ takes two of four lines: 0 − 2, 1 + 2, −1 + 2, 1 − 3; a column of B as many columns.
    let f = vec2u(plane % 4u, plane / 4u);
    let one = min(f, vec2u(1));
    let two = select(vec2u(2), vec2u(3), f == vec2u(3));
    let of_one = select(vec2f(1), vec2f(-1), f == vec2u(2));
    let of_two = select(vec2f(-1), vec2f(1), (f == vec2u(1)) | (f == vec2u(2)));
    // for $i in ROWS
    let patch$i = patch_of(tile$i, one, two, of_one, of_two);
    var low$i = vec4f(0);
    var high$i = vec4f(0);
    // end
    for (var c = 0u; c < p.depth; c += p.lanes) {
      let mine = min(c + lane, p.depth - 1u);
      lanes_ready();
      // for $i in ROWS
      let a$i = patch_at(patch$i, mine);
      lanes_put($iu, local.x, a$i);
      // end
      let quad = (panel * 16u + plane) * p.depth + c;
      // use lanes_product
    }
    // Rows of Aᵀ: 1 1 1 0 and 0 1 −1 −1.
    let near = select(vec2f(1), vec2f(0), f == vec2u(3));
    let far = select(select(vec2f(-1), vec2f(1), f == vec2u(1)), vec2f(0), f == vec2u(0));
    let part = vec4f(near.x * near.y, far.x * near.y, near.x * far.y, far.x * far.y);
    // for $i in ROWS
    // for $q in 4
    low$i$q += part[$q] * low$i;
    high$i$q += part[$q] * high$i;
    // end
    // end
  }
  // One result after the other: unrolled, this would be most of the time to compile.
  let column = panel * p.lanes + lane;
  let b = bias_of(column);
  for (var i = 0u; i < 4u * ROWS; i++) {
    var low = low00;
    var high = high00;
    var tile = tile0;
    // for $i in ROWS
    tile = select(tile, tile$i, i / 4u == $iu);
    // for $q in 4
    low = select(low, low$i$q, i == $iu * 4u + $qu);
    high = select(high, high$i$q, i == $iu * 4u + $qu);
    // end
    // end
    let at = tile.xy * 2u + vec2u(i % 2u, i / 2u % 2u);
    let m = (tile.z * p.height + at.y) * p.width + at.x;
    let inside = first + i / 4u < p.tiles && at.x < p.width && at.y < p.height;
    // Shifted as its picture is, or, where each pixel has a shift, by its own.
    finish(low + b[0], high + b[1], select(OUTSIDE, m, inside), column, select(tile.z, m, p.entry_rows == 1u));
  }
}
