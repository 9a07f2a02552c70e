// From a checkpoint's matrix to the layout of matmul.wgsl. source: rows of `row_values` numbers each (out channels × in
// channels × taps, as files store them), of a type below. out: [panel of 64 columns][tap][channel][lane][8 columns], zero
// where the matrix has no such column or channel. Marks matrices with numbers that are not finite or do not fit f16.
// One invocation: 8 columns of one lane at one channel.
struct Params {
  rows: u32,         // rows in source
  channels: u32,
  depth: u32,        // channels rounded up to whole quads · 4
  taps: u32,
  first: u32,        // element of out to begin with
  count: u32,        // elements to write
  dtype: u32,        // 0 f32, 1 f16, 2 bf16, 3 f8 e4m3
  offset: u32,       // bytes before the first number
  gate: u32,         // 0, or rows between a value and its gate: columns become 4 values and 4 gates
  flag: u32,         // index into flags
  limit: f32,        // largest magnitude the storage holds
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;
// packed 3 out

fn float8(bits: u32) -> f32 {
  let exponent = bits >> 3u & 15u;
  let mantissa = bits & 7u;
  if (exponent == 15u && mantissa == 7u) { return bitcast<f32>(0x7f800000u | mantissa); }
  var v = f32(mantissa) / 512.0;
  if (exponent > 0u) { v = (1.0 + f32(mantissa) / 8.0) * exp2(f32(exponent) - 7.0); }
  return select(v, -v, (bits & 128u) != 0u);
}

// Number i of the source.
fn number(i: u32) -> f32 {
  switch p.dtype {
    case 0u: { return bitcast<f32>(source[p.offset / 4u + i]); }
    case 1u: { let at = p.offset / 2u + i; return unpack2x16float(source[at / 2u])[at % 2u]; }
    case 2u: { let at = p.offset / 2u + i; return bitcast<f32>(select(source[at / 2u] << 16u, source[at / 2u] & 0xffff0000u, at % 2u == 1u)); }
    default: { let at = p.offset + i; return float8(source[at / 4u] >> (at % 4u * 8u) & 255u); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = (group.y * p.grid_width + group.x) * 64u + local;
  if (index >= p.count) { return; }
  let lane = index % 8u;
  let channel = index / 8u % p.depth;
  let tap = index / 8u / p.depth % p.taps;
  let panel = index / 8u / p.depth / p.taps;
  var v: array<f32, 8>;
  for (var j = 0u; j < 8u; j++) {
    var row = (panel * 8u + lane) * 8u + j;
    var exists = row < p.rows;
    if (p.gate > 0u) {
      let value = (panel * 8u + lane) * 4u + j % 4u;
      exists = value < p.gate;
      row = value + select(0u, p.gate, j >= 4u);
    }
    if (exists && channel < p.channels) { v[j] = number((row * p.channels + channel) * p.taps + tap); }
    if ((bitcast<u32>(v[j]) & 0x7f800000u) == 0x7f800000u) { atomicOr(&flags[p.flag], 1u); }
    else if (abs(v[j]) > p.limit) { atomicOr(&flags[p.flag], 2u); }
  }
  out_put(p.first + index, vec4f(v[0], v[1], v[2], v[3]), vec4f(v[4], v[5], v[6], v[7]));
}
