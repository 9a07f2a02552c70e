// Pixel of the whole picture that an invocation for one quad of windows [batch, height, width, quads·4] reads.
fn seen_pixel(index: u32) -> u32 {
  let size = p.height * p.width;
  let pixel = index / p.quads % size;
  let at = origins[index / p.quads / size] + vec2u(pixel % p.width, pixel / p.width);
  return at.y * p.full_width + at.x;
}
