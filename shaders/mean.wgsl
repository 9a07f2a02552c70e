// Each channel's mean over an entry's rows, put into all of them. x and out [batch, rows, quads·4].
// One workgroup: one quad of one entry. grid: quads, batch.
struct Params {
  rows: u32,
  quads: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 x
// result 2 out

const THREADS = 64u;
alias Sum = vec4f;
// use workgroup_sum

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let first = group.y * p.rows * p.quads + group.x;
  var sum = vec4f(0);
  for (var row = thread; row < p.rows; row += THREADS) { sum += x_at(first + row * p.quads); }
  let mean = workgroup_sum(sum, thread) / f32(p.rows);
  for (var row = thread; row < p.rows; row += THREADS) { out_put(first + row * p.quads, mean); }
}
