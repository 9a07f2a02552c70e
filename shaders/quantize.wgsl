// Rows of a file's numbers as they stay on the device: q8_0 or q4_0 of ggml, a scale for every 32 numbers. kept: the
// scales, two halfs a word, then the numbers, of BITS bits each, the first in the lowest. Marks matrices with numbers
// that are not finite. One invocation: two blocks, whose scales share a word. grid: blocks / 128, folded.
struct Params {
  blocks: u32,       // pairs of blocks in source
  first: u32,        // pair of kept to begin with
  offset: u32,       // bytes before the first number
  scales: u32,       // words of scales
  flag: u32,         // index into flags
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> kept: array<u32>;
// use numbers
// use grid64

// The number of a block that is furthest from zero, the first of those that are.
fn furthest(begin: u32) -> f32 {
  var most = 0.0;
  for (var i = 0u; i < 32u; i++) {
    let x = number(begin + i);
    if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { atomicOr(&flags[p.flag], 1u); }
    if (abs(x) > abs(most)) { most = x; }
  }
  return most;
}

// Whole numbers of BITS bits: rounded to nearest around zero, or up from the furthest, which is the least.
fn rounded(scaled: f32) -> u32 {
  if (BITS == 4u) { return u32(clamp(trunc(scaled + 8.5), 0.0, 15.0)); }
  return bitcast<u32>(i32(sign(scaled) * floor(abs(scaled) + 0.5))) & 255u;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let pair = invocation(group, local);
  if (pair >= p.blocks) { return; }
  var scales = vec2f(0);
  for (var half = 0u; half < 2u; half++) {
    let begin = pair * 64u + half * 32u;
    let most = furthest(begin);
    let scale = select(abs(most) / 127.0, most / -8.0, BITS == 4u);
    let inverse = select(1.0 / scale, 0.0, scale == 0.0);
    scales[half] = scale;
    let to = p.scales + ((p.first + pair) * 2u + half) * BITS;
    for (var word = 0u; word < BITS; word++) {
      var bits = 0u;
      for (var i = 0u; i < 32u / BITS; i++) { bits |= rounded(number(begin + word * (32u / BITS) + i) * inverse) << (i * BITS); }
      kept[to + word] = bits;
    }
  }
  kept[p.first + pair] = pack2x16float(scales);
}
