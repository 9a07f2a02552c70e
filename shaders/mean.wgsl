// Each channel's mean over an entry's rows, put into all of them. x and out [batch, rows, quads·4].
// One workgroup: one quad of one entry. grid: quads, batch.
struct Params {
  rows: u32,
  quads: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 x
// result 2 out

var<workgroup> sums: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let first = group.y * p.rows * p.quads + group.x;
  var sum = vec4f(0);
  for (var row = local; row < p.rows; row += 64u) { sum += x_at(first + row * p.quads); }
  sums[local] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  workgroupBarrier();
  let mean = sums[0] / f32(p.rows);
  for (var row = local; row < p.rows; row += 64u) { out_put(first + row * p.quads, mean); }
}
