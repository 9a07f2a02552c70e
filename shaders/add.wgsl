// out = act(a + scale · b), element by element; b may be absent. One invocation: one quad.
struct Params {
  quads: u32,
  has_b: u32,
  scale: f32,
  activation: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// use activations
// tensor 1 a
// tensor 2 b
// result 3 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.quads) { return; }
  var v = a_at(index);
  if (p.has_b == 1u) { v += p.scale * b_at(index); }
  out_put(index, activate(v, p.activation));
}
