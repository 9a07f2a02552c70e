// GroupNorm in one kernel, then SiLU where asked, for pictures whose rows one workgroup can walk (larger ones take
// group_norm_stats.wgsl, group_norm_fold.wgsl and group_norm.wgsl). A workgroup has as many groups of an entry as make
// whole quads, four at most. Each thread sums one quad of every p.spread-th row around the first value that it meets,
// so that a large mean does not eat the variance; these moments are joined over each group (Chan, Golub and LeVeque
// 1979).
//
// x, out [batch, rows, quads·4], gamma and beta [quads·4]. grid: batch · quads / p.own.
struct Params {
  rows: u32,
  quads: u32,
  own: u32,      // quads of a workgroup
  spread: u32,   // threads that share a quad: p.own · p.spread ≤ THREADS
  width: u32,    // channels of a group
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
// use activations
// tensor 1 x
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
// result 4 out

alias Sum = vec4f;
// use workgroup_sum

// What is known of the channels of a quad, added up by the groups that they are at home in.
fn by_group(v: vec4f, home: vec4u) -> vec4f {
  var sum = vec4f(0);
  // for $c in 4
  sum += select(vec4f(0), vec4f(v[$c]), vec4u(0, 1, 2, 3) == vec4u(home[$c]));
  // end
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let takes_part = thread < p.own * p.spread;
  let own = thread % p.own;
  let quad = group.x * p.own % p.quads + own;
  let home = (vec4u(0, 1, 2, 3) + own * 4u) / p.width;
  let entry = group.x * p.own / p.quads * p.rows;
  let first = select(p.rows, thread / p.own, takes_part);
  let origin = x_at((entry + min(first, p.rows - 1u)) * p.quads + quad);
  var sum = vec4f(0);
  var squares = vec4f(0);
  for (var row = first; row < p.rows; row += AHEAD * p.spread) {
    // for $i in AHEAD
    let row$i = row + $iu * p.spread;
    let x$i = x_at((entry + min(row$i, p.rows - 1u)) * p.quads + quad);
    // end
    // for $i in AHEAD
    let d$i = select(vec4f(0), x$i - origin, row$i < p.rows);
    sum += d$i;
    squares += d$i * d$i;
    // end
  }
  let n = f32((p.rows + p.spread - 1u - first) / p.spread) * f32(first < p.rows);
  let all_of_it = f32(p.rows) * f32(p.width);
  let mean = workgroup_sum(by_group(n * origin + sum, home), thread) / all_of_it;
  let group_mean = vec4f(mean[home.x], mean[home.y], mean[home.z], mean[home.w]);
  let off = origin + sum / max(n, 1.0) - group_mean;
  let squared = by_group(squares - sum * sum / max(n, 1.0) + n * off * off, home);
  let variance = workgroup_sum(squared, thread) / all_of_it;
  let inverse = inverseSqrt(variance + p.epsilon);
  let a = gamma[quad] * vec4f(inverse[home.x], inverse[home.y], inverse[home.z], inverse[home.w]);
  let b = beta[quad] - group_mean * a;
  for (var row = first; row < p.rows; row += AHEAD * p.spread) {
    // for $i in AHEAD
    let to$i = row + $iu * p.spread;
    let y$i = x_at((entry + min(to$i, p.rows - 1u)) * p.quads + quad);
    // end
    // for $i in AHEAD
    var v$i = a * y$i + b;
    if (SILU == 1u) { v$i = silu(v$i); }
    if (to$i < p.rows) { out_put((entry + to$i) * p.quads + quad, v$i); }
    // end
  }
}
