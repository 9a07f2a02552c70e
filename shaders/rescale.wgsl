// Guidance rescale (Lin et al., arXiv 2305.08891, section 3.4): the guided prediction gets the deviation of the
// conditional one: out = φ·guided·σ(cond)/σ(guided) + (1 − φ)·guided. Padding channels are zero and do not count.
// One workgroup: a latent is small, and the sums need no second pass.
struct Params {
  quads: u32,      // of one latent
  values: u32,     // real channels · pixels
  factor: f32,     // φ
}
// use call
// use total
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> call: Call;
@group(0) @binding(2) var<storage, read_write> latents: array<vec4f>;
var<workgroup> sums: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var guided = vec2f(0);
  var conditional = vec2f(0);
  for (var i = local; i < p.quads; i += 64u) {
    let g = latents[call.out * p.quads + i];
    let c = latents[i];
    guided += vec2f(total(g), dot(g, g));
    conditional += vec2f(total(c), dot(c, c));
  }
  sums[local] = vec4f(guided, conditional);
  workgroupBarrier();
  var all = vec4f(0);
  for (var i = 0u; i < 64u; i++) { all += sums[i]; }
  let n = f32(p.values);
  let ratio = sqrt((all.w - all.z * all.z / n) / (all.y - all.x * all.x / n));
  for (var i = local; i < p.quads; i += 64u) {
    latents[call.out * p.quads + i] *= p.factor * ratio + 1.0 - p.factor;
  }
}
