// Guidance and region blending in one: latents[slot] = Σ over batch entries e of share[e, pixel] · model[e, pixel].
// Classifier-free guidance (Ho and Salimans, arXiv 2207.12598) is share = (1 − s, s); latent-mode regions (RPG, arXiv
// 2401.11708, eq. 5) put s·mask there. An entry may be smaller than the picture and count only where it lies. One
// invocation: one quad of one pixel of the picture.
struct Params {
  width: u32,      // of the picture
  pixels: u32,
  entry_width: u32,
  entry_height: u32,
  quads: u32,
  batch: u32,
  apart: u32,      // 1: write to slot `to` instead of the slot the call names
  to: u32,
  more: u32,       // 1: add to what the slot holds
  grid_width: u32,
}
// use call
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// tensor 1 model
@group(0) @binding(2) var<storage, read> share: array<f32>;              // [batch, pixels]
@group(0) @binding(3) var<storage, read_write> origins: array<vec2u>;    // left and top of each entry
@group(0) @binding(4) var<storage, read_write> call: Call;
@group(0) @binding(5) var<storage, read_write> latents: array<vec4f>;   // [slot, pixels, quads]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  let size = p.pixels * p.quads;
  if (index >= size) { return; }
  let pixel = index / p.quads;
  let to = select(call.out, p.to, p.apart == 1u) * size + index;
  var sum = vec4f(0);
  if (p.more == 1u) { sum = latents[to]; }
  for (var entry = 0u; entry < p.batch; entry++) {
    // Left of or above an entry the difference wraps to a large number.
    let at = vec2u(pixel % p.width, pixel / p.width) - origins[entry];
    if (at.x >= p.entry_width || at.y >= p.entry_height) { continue; }
    let row = (entry * p.entry_height + at.y) * p.entry_width + at.x;
    sum += share[entry * p.pixels + pixel] * model_at(row * p.quads + index % p.quads);
  }
  latents[to] = sum;
}
