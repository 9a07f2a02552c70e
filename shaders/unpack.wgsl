// From rows as quantize.wgsl leaves them to the panels of matmul.wgsl, right before they are read:
// [panel][channel][lane][8 columns], zero where the matrix has no such column. One invocation: four channels of the 8
// columns of a lane. GATED: a column's gate stands p.gate rows below it; columns become 4 values, 4 gates.
struct Params {
  rows: u32,
  channels: u32,     // a multiple of 32
  gate: u32,
  scales: u32,       // words of scales
  count: u32,        // invocations that have something to do
  lanes: u32,        // of a panel
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> kept: array<u32>;
// packed 2 out
// use grid64
// use halfs

// Numbers i to i + 3.
fn quad(i: u32) -> vec4f {
  let scale = half_value(kept[i / 64u] >> (i / 32u % 2u * 16u));
  let word = kept[p.scales + i * BITS / 32u];
  if (BITS == 8u) {
    let q = bitcast<i32>(word);
    return scale * vec4f(f32(extractBits(q, 0u, 8u)), f32(extractBits(q, 8u, 8u)), f32(extractBits(q, 16u, 8u)), f32(q >> 24u));
  }
  let q = vec4u(word >> (i % 8u * 4u)) >> vec4u(0u, 4u, 8u, 12u);
  return scale * (vec4f(q & vec4u(15u)) - 8.0);
}

// The row that column j of a lane comes from, or one past the end.
fn source_row(lane: u32, j: u32) -> u32 {
  if (GATED == 0u) { return min(lane * 8u + j, p.rows); }
  let value = lane * 4u + j % 4u;
  return select(value + j / 4u * p.gate, p.rows, value >= p.gate);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.count) { return; }
  let quads = p.channels / 4u;
  let channel = index / p.lanes % quads * 4u;
  let panel = index / p.lanes / quads;
  let lane = index % p.lanes;
  // for $j in 8
  let row$j = source_row(panel * p.lanes + lane, $ju);
  let q$j = select(vec4f(0), quad(select(0u, row$j, row$j < p.rows) * p.channels + channel), row$j < p.rows);
  // end
  let at = (panel * p.channels + channel) * p.lanes + lane;
  // for $e in 4
  out_put(at + $eu * p.lanes, vec4f(q0[$e], q1[$e], q2[$e], q3[$e]), vec4f(q4[$e], q5[$e], q6[$e], q7[$e]));
  // end
}
