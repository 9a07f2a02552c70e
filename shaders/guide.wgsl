// Guidance and region blending in one: latents[slot] = Σ over batch entries e of share[e, pixel] · model[e, pixel].
// Classifier-free guidance (Ho and Salimans, arXiv 2207.12598) is share = (1 − s, s); latent-mode regions (RPG, arXiv
// 2401.11708, eq. 5) put s·mask there. One invocation: one quad of one pixel.
struct Params {
  pixels: u32,
  quads: u32,
  batch: u32,
  scratch: u32,    // 1: write to slot 0 instead of the slot the call names
  grid_width: u32,
}
struct Call {
  slot: u32,
  scale: f32,
  out: u32,
  x: u32,
  y: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 model
@group(0) @binding(2) var<storage, read> share: array<f32>;              // [batch, pixels]
@group(0) @binding(3) var<storage, read_write> call: Call;
@group(0) @binding(4) var<storage, read_write> latents: array<vec4f>;   // [slot, pixels, quads]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = (group.y * p.grid_width + group.x) * 64u + local;
  let size = p.pixels * p.quads;
  if (index >= size) { return; }
  var sum = vec4f(0);
  for (var entry = 0u; entry < p.batch; entry++) {
    sum += share[entry * p.pixels + index / p.quads] * model_at(entry * size + index);
  }
  latents[select(call.out, 0u, p.scratch == 1u) * size + index] = sum;
}
