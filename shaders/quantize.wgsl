// Rows of a file's numbers as they stay on the device: q8_0 or q4_0 of ggml, a scale for every 32 numbers. kept: the
// scales, two halfs a word, then the numbers, of BITS bits each, the first in the lowest. Marks matrices with numbers
// that are not finite. One invocation: two blocks, whose scales share a word. grid: blocks / 128, folded.
struct Params {
  blocks: u32,       // pairs of blocks in source
  first: u32,        // pair of kept to begin with
  offset: u32,       // bytes before the first number
  scales: u32,       // words of scales
  flag: u32,         // index into flags
  zero: u32,         // 0, which no compiler knows
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> kept: array<u32>;
// use numbers
// use grid64
// use halfs

// What becomes of a number must not depend on the device: many stand right between two whole ones. WGSL's division may
// be off by two steps and a half, and a product that is added to may be fused with the sum; hence the two below.

// a / b to the nearest, for a, b > 0, none of the three subnormal: by long division of the fractions.
fn quotient(a: f32, b: f32) -> f32 {
  let top = bitcast<u32>(a);
  let low = bitcast<u32>(b);
  let divisor = (low & 0x7fffffu) | 0x800000u;
  var rest = (top & 0x7fffffu) | 0x800000u;
  var exponent = (top >> 23u) + 127u - (low >> 23u);
  if (rest < divisor) {
    rest <<= 1u;
    exponent--;
  }
  var digits = 0u;
  for (var bit = 0u; bit < 25u; bit++) {   // 24 and one to round by
    let one = rest >= divisor;
    digits = (digits << 1u) | u32(one);
    rest = (rest - select(0u, divisor, one)) << 1u;
  }
  let up = (digits & 1u) & ((digits >> 1u) | u32(rest != 0u));
  return bitcast<f32>((exponent << 23u) + (digits >> 1u) + up - 0x800000u);
}

// a · b, rounded before anything is added.
fn product(a: f32, b: f32) -> f32 { return bitcast<f32>(bitcast<u32>(a * b) ^ p.zero); }

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
  var scales = 0u;
  for (var half = 0u; half < 2u; half++) {
    let begin = pair * 64u + half * 32u;
    let most = furthest(begin);
    var scale = 0.0;
    var inverse = 0.0;
    if (abs(most) > 1e-30) {   // far below what a half holds
      scale = quotient(abs(most), select(127.0, 8.0, BITS == 4u));
      inverse = quotient(1.0, scale);
      if (BITS == 4u && most > 0.0) {
        scale = -scale;
        inverse = -inverse;
      }
    }
    scales |= half_of(scale) << (16u * half);
    let to = p.scales + ((p.first + pair) * 2u + half) * BITS;
    for (var word = 0u; word < BITS; word++) {
      var bits = 0u;
      for (var i = 0u; i < 32u / BITS; i++) { bits |= rounded(product(number(begin + word * (32u / BITS) + i), inverse)) << (i * BITS); }
      kept[to + word] = bits;
    }
  }
  kept[p.first + pair] = scales;
}
