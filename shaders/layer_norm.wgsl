// y = (x − mean) / √(var + ε) · γ + β over the channels of each row. x, out [rows, quads·4]. A group of 8 lanes owns
// ROWS rows and splits their quads; variance is taken around the mean in a second pass. grid: rows / (ROWS · WAVES).
// `channels` may be less than quads·4: the padding stays zero and does not count.
struct Params {
  rows: u32,
  quads: u32,
  channels: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 x
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
// result 4 out

// use lanes
// use total

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let row = ((group.y * 32768u + group.x) * WAVES + local.y) * ROWS;
  // for $i in ROWS
  let start$i = min(row + $iu, p.rows - 1u) * p.quads;
  var sum$i = vec4f(0);
  var squares$i = vec4f(0);
  // end
  for (var q = lane; q < p.quads; q += 8u) {
    // for $i in ROWS
    sum$i += x_at(start$i + q);
    // end
  }
  let n = f32(p.channels);
  // for $i in ROWS
  let mean$i = total(lanes_sum(lane, sum$i)) / n;
  // end
  for (var q = lane; q < p.quads; q += 8u) {
    let real = vec4f(vec4u(0u, 1u, 2u, 3u) + q * 4u < vec4u(p.channels));
    // for $i in ROWS
    let d$i = (x_at(start$i + q) - mean$i) * real;
    squares$i += d$i * d$i;
    // end
  }
  // for $i in ROWS
  let scale$i = inverseSqrt(total(lanes_sum(lane, squares$i)) / n + p.epsilon);
  // end
  for (var q = lane; q < p.quads; q += 8u) {
    let g = gamma[q];
    let b = beta[q];
    // for $i in ROWS
    if (row + $iu < p.rows) { out_put(start$i + q, (x_at(start$i + q) - mean$i) * scale$i * g + b); }
    // end
  }
}
