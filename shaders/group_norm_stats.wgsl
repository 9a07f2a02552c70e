// First half of GroupNorm: moments of strips of rows, per channel. Sums are taken around the strip's first value, so
// that a large mean does not eat the variance. x [batch, rows, quads·4] → moments [batch, strip, quads] of (mean, Σ(x −
// mean)²). One invocation: one quad of one strip. grid: batch · strips · quads / 64.
struct Params {
  rows: u32,
  quads: u32,
  strips: u32,
  batch: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use grid64
// tensor 1 x
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.batch * p.strips * p.quads) { return; }
  let quad = index % p.quads;
  let strip = index / p.quads % p.strips;
  let entry = index / p.quads / p.strips;
  let length = (p.rows + p.strips - 1u) / p.strips;
  let first = min(strip * length, p.rows);
  let last = min(first + length, p.rows);
  var at = (entry * p.rows + first) * p.quads + quad;
  let origin = x_at(min(at, p.batch * p.rows * p.quads - 1u));
  var sum = vec4f(0);
  var squares = vec4f(0);
  for (var row = first; row < last; row++) {
    let d = x_at(at) - origin;
    sum += d;
    squares += d * d;
    at += p.quads;
  }
  let n = max(f32(last - first), 1.0);
  moments[index * 2u] = origin + sum / n;
  moments[index * 2u + 1u] = squares - sum * sum / n;
}
