// Windows of one size out of a picture of features: out[entry] = x at the entry's own place. One invocation: one quad
// of out [batch, height, width, quads·4].
struct Params {
  height: u32,      // of the windows
  width: u32,
  quads: u32,
  batch: u32,
  full_width: u32,  // of x
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
@group(0) @binding(1) var<storage, read_write> origins: array<vec2u>;  // left and top of each entry's window
// use window
// tensor 2 x
// result 3 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.batch * p.height * p.width * p.quads) { return; }
  out_put(index, x_at(seen_pixel(index) * p.quads + index % p.quads));
}
