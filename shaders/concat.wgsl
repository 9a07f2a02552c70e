// Joins two tensors along their channels: out[row] = (a[row], b[row]). One invocation: one quad of out.
struct Params {
  rows: u32,
  a_quads: u32,
  b_quads: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// tensor 1 a
// tensor 2 b
// result 3 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  let quads = p.a_quads + p.b_quads;
  if (index >= p.rows * quads) { return; }
  let row = index / quads;
  let quad = index % quads;
  if (quad < p.a_quads) {
    out_put(index, a_at(row * p.a_quads + quad));
  } else {
    out_put(index, b_at(row * p.b_quads + quad - p.a_quads));
  }
}
