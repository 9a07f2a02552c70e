/**
 * Shapes in binary planes: touching parts, holes, growth. Planes are rows of `width` bytes, 1 where the shape is.
 *
 * @module
 */

/**
 * The parts of a shape, places of one value that touch along a side: indices, in the order in which they are met. 0 is
 * no part of it.
 */
export function partsOf(values: Uint8Array, width: number): number[][] {
  const seen = new Uint8Array(values.length);
  const parts: number[][] = [];
  for (let start = 0; start < values.length; start++) {
    if (!values[start] || seen[start]) continue;
    seen[start] = 1;
    const part = [start];
    for (let next = 0; next < part.length; next++) { // grows meanwhile
      const i = part[next];
      const beside = [i - width, i + width, i % width ? i - 1 : -1, (i + 1) % width ? i + 1 : -1];
      for (const j of beside) {
        if (values[j] !== values[start] || seen[j]) continue;
        seen[j] = 1;
        part.push(j);
      }
    }
    parts.push(part);
  }
  return parts;
}

/** The shape with all that it encloses. */
export function withoutHoles(shape: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const height = shape.length / width;
  const around = shape.map((value) => 1 - value);
  const out = new Uint8Array(shape.length).fill(1);
  for (const part of partsOf(around, width)) {
    const open = part.some((i) => i % width === 0 || i % width === width - 1 || i < width || i >= width * (height - 1));
    if (open) { for (const i of part) out[i] = 0; }
  }
  return out;
}

/** The shape with all places that are at most `radius` from it. */
export function dilated(shape: Uint8Array, width: number, radius: number): Uint8Array<ArrayBuffer> {
  const height = shape.length / width;
  const out = new Uint8Array(shape);
  for (let dy = -radius; dy <= radius; dy++) {
    const reach = Math.floor(Math.sqrt(radius ** 2 - dy ** 2));
    for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
      // As far to the right as the last place of this row reaches, then the same to the left.
      for (let x = 0, left = 0; x < width; x++) {
        left = shape[y * width + x] ? reach + 1 : left - 1;
        if (left > 0) out[(y + dy) * width + x] = 1;
      }
      for (let x = width - 1, left = 0; x >= 0; x--) {
        left = shape[y * width + x] ? reach + 1 : left - 1;
        if (left > 0) out[(y + dy) * width + x] = 1;
      }
    }
  }
  return out;
}
