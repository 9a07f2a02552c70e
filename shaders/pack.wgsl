// From a checkpoint's matrix to the layout of matmul.wgsl. source: rows of `row_values` numbers each (out channels × in
// channels × taps, as files store them), of a type below. out: [panel of 64 columns][tap][channel][lane][8 columns],
// zero where the matrix has no such column or channel. Marks matrices with numbers that are not finite or do not fit
// f16. One invocation: 8 columns of one lane at one channel. grid: channels · lanes / 64, panels · TAPS. GATED: a
// column's gate stands p.gate rows below it; columns become 4 values, 4 gates.
struct Params {
  rows: u32,         // rows in source
  channels: u32,
  depth: u32,        // channels rounded up to whole quads
  first: u32,        // element of out to begin with
  offset: u32,       // bytes before the first number
  gate: u32,
  flag: u32,         // index into flags
  limit: f32,        // largest magnitude the storage holds
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;
// packed 3 out

// use numbers

// Row i / channels of source at channel i % channels: its tap, or the 16 or 36 that nine are transformed to, U = G·g·Gᵀ
// (winograd_in.wgsl, winograd4_in.wgsl).
fn tapped(i: u32, tap: u32) -> f32 {
  if (TAPS <= 9u) { return number(i * TAPS + tap); }
  var g = array<vec3f, 10>(
    // F(2×2, 3×3)
    vec3f(1.0, 0.0, 0.0),
    vec3f(0.5),
    vec3f(0.5, -0.5, 0.5),
    vec3f(0.0, 0.0, 1.0),
    // F(4×4, 3×3)
    vec3f(4.0, 0.0, 0.0),
    vec3f(8.0, ODD, 4.0) / 3.0,
    vec3f(8.0, -ODD, 4.0) / 3.0,
    vec3f(2.0, 0.5 * ODD, 4.0) / 3.0,
    vec3f(2.0, -0.5 * ODD, 4.0) / 3.0,
    vec3f(0.0, 0.0, 4.0),
  );
  let first = select(0u, 4u, TAPS == 36u);
  let size = select(4u, 6u, TAPS == 36u);
  let down = g[first + tap / size];
  let across = g[first + tap % size];
  var sum = 0.0;
  for (var y = 0u; y < 3u; y++) {
    let at = i * 9u + y * 3u;
    sum += down[y] * dot(across, vec3f(number(at), number(at + 1u), number(at + 2u)));
  }
  return sum;
}

const ODD = 5.656854249492380;   // 8·√½

// The row of source that column j of a lane comes from, or one past the end.
fn source_row(lane: u32, j: u32) -> u32 {
  if (GATED == 0u) { return min(lane * 8u + j, p.rows); }
  let value = lane * 4u + j % 4u;
  return select(value + j / 4u * p.gate, p.rows, value >= p.gate);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x / 8u;
  if (channel >= p.depth) { return; }
  let tap = id.y % TAPS;
  let lane = id.y / TAPS * 8u + id.x % 8u;
  var largest = 0u;
  // for $j in 8
  let row$j = source_row(lane, $ju);
  let exists$j = row$j < p.rows && channel < p.channels;
  let v$j = select(0.0, tapped(select(0u, row$j, exists$j) * p.channels + min(channel, p.channels - 1u), tap), exists$j);
  largest = max(largest, bitcast<u32>(v$j) & 0x7fffffffu);
  // end
  // Magnitudes compare like their bits; those of infinities and non-numbers are the largest.
  if (largest >= 0x7f800000u) { atomicOr(&flags[p.flag], 1u); }
  else if (largest > bitcast<u32>(p.limit)) { atomicOr(&flags[p.flag], 2u); }
  let at = p.first + (id.y * p.depth + channel) * 8u + id.x % 8u;
  out_put(at, vec4f(v0, v1, v2, v3), vec4f(v4, v5, v6, v7));
}
