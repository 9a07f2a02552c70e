// latents[out] = latents[x] where the mask is set, alpha · latents[kept] + sigma · latents[noise] elsewhere: inside the
// mask what is being painted, outside it the original at the same level of noise. One invocation: one quad.
struct Params {
  quads: u32,        // of one slot
  quads_per_pixel: u32,
}
struct Blend {
  out: u32,
  x: u32,
  kept: u32,
  noise: u32,
  alpha: f32,
  sigma: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> latents: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> call: Blend;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= p.quads) { return; }
  let m = mask[i / p.quads_per_pixel];
  let original = call.alpha * latents[call.kept * p.quads + i] + call.sigma * latents[call.noise * p.quads + i];
  latents[call.out * p.quads + i] = select(original, latents[call.x * p.quads + i], m > 0.5);
}
