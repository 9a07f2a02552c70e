// Four halfs, the nearest, in two words. A float whose last bit is worth as much as the half's is added, so that the
// sum rounds as the half should be; what llvmpipe makes of pack2x16float takes twice as long. Too large a number is
// infinite.
fn halfs(v: vec4f) -> vec2u {
  let size = min(abs(v), vec4f(0x1p16));
  let unit = max(bitcast<vec4u>(size) & vec4u(0x7f800000u), vec4u(0x38800000u)) + vec4u(0x07800000u);
  let sum = bitcast<vec4u>(bitcast<vec4f>(unit) + 4.0 * size);
  let half = (sum >> vec4u(13u) & vec4u(0x7c00u)) + (sum & vec4u(0x0fffu));
  let signed = half | (bitcast<vec4u>(v) >> vec4u(16u) & vec4u(0x8000u));
  return signed.xz | signed.yw << vec2u(16u);
}
