// Joins the strips' moments over each group (Chan, Golub and LeVeque 1979) and folds mean, deviation, γ and β into one
// multiply-add per channel. moments [batch, strip, quads] → affine [batch, channel] of (a, b): y = a·x + b.
// One invocation: one group of one batch entry.
struct Params {
  rows: u32,
  quads: u32,
  strips: u32,
  batch: u32,
  groups: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> affine: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.batch * p.groups) { return; }
  let entry = id.x / p.groups;
  let channels = p.quads * 4u;
  let width = channels / p.groups;
  let first = (id.x % p.groups) * width;
  let length = (p.rows + p.strips - 1u) / p.strips;
  let n = f32(p.rows) * f32(width);
  var mean = 0.0;
  for (var strip = 0u; strip < p.strips; strip++) {
    let rows = f32(min((strip + 1u) * length, p.rows) - min(strip * length, p.rows));
    for (var c = first; c < first + width; c++) {
      mean += moments[((entry * p.strips + strip) * p.quads + c / 4u) * 8u + c % 4u] * rows / n;
    }
  }
  var squares = 0.0;
  for (var strip = 0u; strip < p.strips; strip++) {
    let rows = f32(min((strip + 1u) * length, p.rows) - min(strip * length, p.rows));
    for (var c = first; c < first + width; c++) {
      let at = ((entry * p.strips + strip) * p.quads + c / 4u) * 8u + c % 4u;
      let d = moments[at] - mean;
      squares += select(0.0, moments[at + 4u] + d * d * rows, rows > 0.0);
    }
  }
  let inverse = inverseSqrt(squares / n + p.epsilon);
  for (var c = first; c < first + width; c++) {
    let a = gamma[c] * inverse;
    affine[entry * channels + c] = vec2f(a, beta[c] - mean * a);
  }
}
