// Numbers of a file in words: DTYPE 0 f32, 1 f16, 2 bf16, 3 f8 e4m3, 4 f8 e5m2; p.offset bytes stand before the first.
fn float8(bits: u32) -> f32 {
  let exponent = bits >> 3u & 15u;
  let mantissa = bits & 7u;
  if (exponent == 15u && mantissa == 7u) { return bitcast<f32>(0x7f800000u | mantissa); }
  var v = f32(mantissa) * 0x1p-9;
  if (exponent > 0u) { v = bitcast<f32>(((exponent + 120u) << 23u) | (mantissa << 20u)); }
  return select(v, -v, (bits & 128u) != 0u);
}

// Number i of the source.
fn number(i: u32) -> f32 {
  if (DTYPE == 0u) { return bitcast<f32>(source[p.offset / 4u + i]); }
  if (DTYPE >= 3u) {
    let bits = source[(p.offset + i) / 4u] >> ((p.offset + i) % 4u * 8u) & 255u;
    if (DTYPE == 4u) { return unpack2x16float(bits << 8u).x; }   // the upper half of an f16
    return float8(bits);
  }
  let at = p.offset / 2u + i;
  let half = source[at / 2u] >> (at % 2u * 16u) & 0xffffu;
  if (DTYPE == 2u) { return bitcast<f32>(half << 16u); }
  return unpack2x16float(half).x;
}
