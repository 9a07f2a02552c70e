// Joins the strips' moments over each group (Chan, Golub and LeVeque 1979) and folds mean, deviation, γ and β into one
// multiply-add per channel. moments [batch, strip, quads] → affine [batch, channel] of (a, b): y = a·x + b.
// One workgroup: one group of one batch entry; its THREADS threads take the moments of the group by turns.
struct Params {
  rows: u32,
  quads: u32,
  strips: u32,
  groups: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> affine: array<vec2f>;

alias Sum = f32;
// use workgroup_sum

fn rows_of(strip: u32) -> f32 {
  let length = (p.rows + p.strips - 1u) / p.strips;
  return f32(min((strip + 1u) * length, p.rows) - min(strip * length, p.rows));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let entry = group.x / p.groups;
  let channels = p.quads * 4u;
  let width = channels / p.groups;
  let first = (group.x % p.groups) * width;
  let n = f32(p.rows) * f32(width);
  var mine = 0.0;
  for (var i = thread; i < p.strips * width; i += THREADS) {
    let strip = i / width;
    let c = first + i % width;
    mine += moments[((entry * p.strips + strip) * p.quads + c / 4u) * 8u + c % 4u] * rows_of(strip) / n;
  }
  let mean = workgroup_sum(mine, thread);
  mine = 0.0;
  for (var i = thread; i < p.strips * width; i += THREADS) {
    let strip = i / width;
    let c = first + i % width;
    let at = ((entry * p.strips + strip) * p.quads + c / 4u) * 8u + c % 4u;
    let d = moments[at] - mean;
    mine += select(0.0, moments[at + 4u] + d * d * rows_of(strip), rows_of(strip) > 0.0);
  }
  let inverse = inverseSqrt(workgroup_sum(mine, thread) / n + p.epsilon);
  for (var c = first + thread; c < first + width; c += THREADS) {
    let a = gamma[c] * inverse;
    affine[entry * channels + c] = vec2f(a, beta[c] - mean * a);
  }
}
