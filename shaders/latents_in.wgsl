// From a window of the sampler's f32 latents to a network's input: out[entry] = latents[slot] · scale · multiply + add,
// channel by channel, the same for every batch entry. One invocation: one quad of out [batch, height, width, quads·4].
struct Params {
  height: u32,       // of the window
  width: u32,
  quads: u32,
  batch: u32,
  full_height: u32,  // of the latents
  full_width: u32,
  grid_width: u32,
}
struct Call {
  slot: u32,
  scale: f32,
  out: u32,
  x: u32,            // left and top of the window
  y: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> latents: array<vec4f>;   // [slot, pixels, quads]
@group(0) @binding(2) var<storage, read_write> call: Call;
@group(0) @binding(3) var<storage, read> multiply: array<vec4f>;
@group(0) @binding(4) var<storage, read> add: array<vec4f>;
// result 5 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = (group.y * p.grid_width + group.x) * 64u + local;
  let size = p.height * p.width;
  if (index >= p.batch * size * p.quads) { return; }
  let quad = index % p.quads;
  let pixel = index / p.quads % size;
  let row = (call.slot * p.full_height + call.y + pixel / p.width) * p.full_width + call.x + pixel % p.width;
  out_put(index, latents[row * p.quads + quad] * call.scale * multiply[quad] + add[quad]);
}
