// From a network's picture to 8-bit RGBA: round((x · multiply + add) · 255), one word a pixel. A value that is no
// number comes out transparent, so that the host can refuse the picture.
struct Params {
  pixels: u32,
  multiply: f32,
  add: f32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// tensor 1 x
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.pixels) { return; }
  let v = x_at(index).xyz;
  // Exponent bits all set: infinite or not a number. Comparisons would be optimised away.
  let broken = any((bitcast<vec3u>(v) & vec3u(0x7f800000u)) == vec3u(0x7f800000u));
  let level = vec3u(round(clamp(v * p.multiply + p.add, vec3f(0), vec3f(1)) * 255.0));
  out[index] = select(level.x | level.y << 8u | level.z << 16u | 0xff000000u, 0u, broken);
}
