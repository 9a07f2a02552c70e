// A sampler's only arithmetic: latents[out] = Σ cᵢ · latents[slotᵢ] over up to 8 terms, cut off at ±limit. One
// invocation: one quad.
struct Params {
  quads: u32,      // of one latent
}
struct Terms {
  out: u32,
  count: u32,
  limit: f32,      // may be infinite
  slots: array<u32, 8>,
  coefficients: array<f32, 8>,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> latents: array<vec4f>;   // [slot, quads]
@group(0) @binding(2) var<storage, read> terms: Terms;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.quads) { return; }
  var sum = vec4f(0);
  for (var i = 0u; i < terms.count; i++) { sum += terms.coefficients[i] * latents[terms.slots[i] * p.quads + id.x]; }
  // Not clamp(), which may turn NaN into a number: it has to be seen in the end.
  latents[terms.out * p.quads + id.x] = select(sum, sign(sum) * terms.limit, abs(sum) > vec4f(terms.limit));
}
