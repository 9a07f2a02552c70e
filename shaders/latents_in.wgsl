// From windows of the sampler's f32 latents to a network's input: out[entry] = latents[slot] · scale · multiply + add,
// channel by channel, each entry from its own place. One invocation: one quad of out [batch, height, width, quads·4].
struct Params {
  height: u32,       // of the window
  width: u32,
  quads: u32,
  batch: u32,
  full_height: u32,  // of the latents
  full_width: u32,
  grid_width: u32,
}
// use call
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
@group(0) @binding(1) var<storage, read_write> latents: array<vec4f>;   // [slot, pixels, quads]
@group(0) @binding(2) var<storage, read_write> call: Call;
@group(0) @binding(3) var<storage, read_write> origins: array<vec2u>;   // left and top of each entry's window
@group(0) @binding(4) var<storage, read> multiply: array<vec4f>;
@group(0) @binding(5) var<storage, read> add: array<vec4f>;
// use window
// result 6 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.batch * p.height * p.width * p.quads) { return; }
  let quad = index % p.quads;
  let row = call.slot * p.full_height * p.full_width + seen_pixel(index);
  out_put(index, latents[row * p.quads + quad] * call.scale * multiply[quad] + add[quad]);
}
