// A product of f16 by matrix units, one subgroup for 32 × 32 of its results, straight from memory: whether they can be
// had at all, and what a plain use of them reaches. naga's extension of WGSL: coopLoad reads columns, coopLoadT rows.
enable f16;
enable wgpu_cooperative_matrix;

@group(0) @binding(0) var<storage, read> x: array<f16>;            // [SIDE, SIDE]
@group(0) @binding(1) var<storage, read> w: array<f16>;            // [SIDE, SIDE], by output channel
@group(0) @binding(2) var<storage, read_write> result: array<f32>; // [SIDE, SIDE]

const SIDE = 2048u;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u) {
  let row = group.y * 32u;
  let column = group.x * 32u;
  let stride = SIDE;
  var s00 = coop_mat16x16<f32, C>();
  var s01 = coop_mat16x16<f32, C>();
  var s10 = coop_mat16x16<f32, C>();
  var s11 = coop_mat16x16<f32, C>();
  for (var k = 0u; k < SIDE; k += 16u) {
    let x0 = row * SIDE + k;
    let x1 = x0 + 16u * SIDE;
    let w0 = column * SIDE + k;
    let w1 = w0 + 16u * SIDE;
    let a0 = coopLoadT<coop_mat16x16<f16, A>>(&x[x0], stride);
    let a1 = coopLoadT<coop_mat16x16<f16, A>>(&x[x1], stride);
    let b0 = coopLoad<coop_mat16x16<f16, B>>(&w[w0], stride);
    let b1 = coopLoad<coop_mat16x16<f16, B>>(&w[w1], stride);
    s00 = coopMultiplyAdd(a0, b0, s00);
    s01 = coopMultiplyAdd(a0, b1, s01);
    s10 = coopMultiplyAdd(a1, b0, s10);
    s11 = coopMultiplyAdd(a1, b1, s11);
  }
  let at00 = row * SIDE + column;
  let at01 = at00 + 16u;
  let at10 = at00 + 16u * SIDE;
  let at11 = at10 + 16u;
  coopStoreT(s00, &result[at00], stride);
  coopStoreT(s01, &result[at01], stride);
  coopStoreT(s10, &result[at10], stride);
  coopStoreT(s11, &result[at11], stride);
}
