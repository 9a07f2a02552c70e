// Halfs to numbers and back, to the nearest, those below 2⁻¹⁴ too: what WGSL has for it may take them for zero, which
// for a scale is all the numbers of a block.
fn half_value(bits: u32) -> f32 {
  let size = bits & 0x7fffu;
  let value = select(bitcast<f32>((size << 13u) + 0x38000000u), f32(size) * 0x1p-24, size < 0x400u);
  return select(value, -value, (bits & 0x8000u) != 0u);
}

fn half_of(value: f32) -> u32 {
  let sign = (bitcast<u32>(value) >> 16u) & 0x8000u;
  let size = bitcast<u32>(min(abs(value), 65504.0));
  // The last bit that stays is worth 2¹³ of a fraction's steps, or 2⁻²⁴ where that is more.
  if (size >= 0x38800000u) { return sign | ((size - 0x38000000u + 0xfffu + ((size >> 13u) & 1u)) >> 13u); }
  let steps = bitcast<f32>(size) * 0x1p24;
  let whole = floor(steps);
  let up = steps - whole > 0.5 || (steps - whole == 0.5 && u32(whole) % 2u == 1u);
  return sign | (u32(whole) + u32(up));
}
