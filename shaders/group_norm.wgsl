// Second half of GroupNorm: y = a·x + b per channel, then SiLU where asked. x, out [batch, rows, quads·4], affine
// [batch, channel] of (a, b). One invocation: one quad of RUN consecutive rows, so that a and b are loaded once for
// them.
struct Params {
  rows: u32,
  quads: u32,
  runs: u32,       // ⌈rows / RUN⌉
  batch: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// use activations
// tensor 1 x
@group(0) @binding(2) var<storage, read_write> affine: array<vec4f>;
// result 3 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.batch * p.runs * p.quads) { return; }
  let quad = index % p.quads;
  let run = index / p.quads % p.runs;
  let entry = index / p.quads / p.runs;
  let left = affine[(entry * p.quads + quad) * 2u];
  let right = affine[(entry * p.quads + quad) * 2u + 1u];
  let a = vec4f(left.xz, right.xz);
  let b = vec4f(left.yw, right.yw);
  for (var row = run * RUN; row < min((run + 1u) * RUN, p.rows); row++) {
    let at = (entry * p.rows + row) * p.quads + quad;
    var v = a * x_at(at) + b;
    if (SILU == 1u) { v = silu(v); }
    out_put(at, v);
  }
}
