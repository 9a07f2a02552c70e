/**
 * What every room means by a picture.
 *
 * @module
 */

/** An 8-bit picture. */
export interface Picture {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** RGBA, row by row from the top. */
  data: Uint8Array;
}

/** A picture of one colour. @param rgba each 0 to 255 */
export function filled(width: number, height: number, rgba: readonly [number, number, number, number]): Picture {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set(rgba, i);
  return { width, height, data };
}

/** Puts `picture` on a page of one colour: what JPEG, networks and vision models see of a transparent picture. */
export function opaque({ width, height, data }: Picture, [r, g, b]: readonly number[] = [255, 255, 255]): Picture {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] / 255;
    out[i] = Math.round(data[i] * alpha + r * (1 - alpha));
    out[i + 1] = Math.round(data[i + 1] * alpha + g * (1 - alpha));
    out[i + 2] = Math.round(data[i + 2] * alpha + b * (1 - alpha));
    out[i + 3] = 255;
  }
  return { width, height, data: out };
}

/** The negative. */
export function inverted({ width, height, data }: Picture): Picture {
  return { width, height, data: data.map((value, i) => i % 4 === 3 ? value : 255 - value) };
}

/** The rectangle of `width` × `height` pixels at (left, top); all of it must lie inside. */
export function cropped({ width: stride, data }: Picture, left: number, top: number, width: number, height: number) {
  const out = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * stride + left) * 4;
    out.set(data.subarray(from, from + width * 4), y * width * 4);
  }
  return { width, height, data: out };
}

/** Copies `part` into `page` at (left, top); what sticks out is left out. Changes `page`. */
export function pasted(page: Picture, part: Picture, left: number, top: number): Picture {
  const [x0, x1] = [Math.max(0, -left), Math.min(part.width, page.width - left)];
  for (let y = Math.max(0, -top); y < Math.min(part.height, page.height - top); y++) {
    const row = part.data.subarray((y * part.width + x0) * 4, (y * part.width + x1) * 4);
    if (x1 > x0) page.data.set(row, ((top + y) * page.width + left + x0) * 4);
  }
  return page;
}

/** Luma as ITU-R 601 weighs it, 0 to 255, one a pixel; transparent counts as black. */
export function luma({ data }: Picture): Float32Array {
  const out = new Float32Array(data.length / 4);
  for (let i = 0; i < out.length; i++) {
    const at = i * 4;
    out[i] = (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]) * (data[at + 3] / 255);
  }
  return out;
}
