/**
 * What is painted anew of a picture and what is kept: masks, the surroundings of a mask, larger canvases, and putting
 * back. Pure.
 *
 * @module
 */
import { cropped, luma, pasted, type Picture } from "./picture.ts";
import { resized } from "./resize.ts";

/** 1 where a picture is painted anew, 0 where it is kept, row by row. */
export interface Mask {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A rectangle in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The mask as grey levels in a picture, so that it goes through whatever the picture it belongs to goes through. */
export function greyOf(mask: Picture): Picture {
  const data = new Uint8Array(mask.data.length);
  luma(mask).forEach((value, i) => {
    const level = Math.round(value);
    data.set([level, level, level, 255], i * 4);
  });
  return { ...mask, data };
}

/** Half and more is white. */
export function maskOf({ width, height, data }: Picture): Mask {
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => data[i * 4] >= 128 ? 1 : 0) };
}

/** What the denoiser sees of a mask: its pixel in the corner of each latent, as nearest-neighbour scaling takes it. */
export function latentMask({ width, height, data }: Mask, factor: number): Float32Array<ArrayBuffer> {
  const [columns, rows] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    return data[y * factor * width + x * factor];
  });
}

/**
 * The rectangle around all that is white, with `padding`, grown to the shape of width : height as far as the page
 * allows.
 */
export function surroundings(mask: Mask, padding: number, width: number, height: number): Box {
  let [left, right, top, bottom] = [mask.width, 0, mask.height, 0];
  mask.data.forEach((white, i) => {
    if (!white) return;
    const [x, y] = [i % mask.width, Math.floor(i / mask.width)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  const [x, y] = [
    span(left - padding, right + padding, mask.width),
    span(top - padding, bottom + padding, mask.height),
  ];
  const ratio = width / height;
  const across = widened(x, Math.trunc((y.end - y.start) * ratio), mask.width);
  const down = widened(y, Math.trunc((x.end - x.start) / ratio), mask.height);
  return { left: across.start, top: down.start, width: across.end - across.start, height: down.end - down.start };
}

interface Span {
  start: number;
  end: number;
}

function span(start: number, end: number, limit: number): Span {
  return { start: Math.max(0, start), end: Math.min(limit, end) };
}

/** Grows a span on both sides to a length, and moves it inside where it sticks out. */
function widened({ start, end }: Span, length: number, limit: number): Span {
  const more = Math.min(length, limit) - (end - start);
  if (more <= 0) return { start, end };
  const first = Math.max(0, Math.min(start - Math.floor(more / 2), limit - (end - start + more)));
  return { start: first, end: first + (end - start) + more };
}

/** The picture on a larger page, whose new borders repeat the outermost pixels, and the mask of those borders. */
export function extended(
  picture: Picture,
  { left = 0, right = 0, top = 0, bottom = 0 }: { left?: number; right?: number; top?: number; bottom?: number },
): { picture: Picture; borders: Picture } {
  const [width, height] = [picture.width + left + right, picture.height + top + bottom];
  const page = { width, height, data: new Uint8Array(width * height * 4) };
  const borders = { width, height, data: new Uint8Array(width * height * 4).fill(255) };
  const clamp = (value: number, limit: number) => Math.min(limit - 1, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    const row = clamp(y - top, picture.height) * picture.width;
    for (let x = 0; x < width; x++) {
      const from = (row + clamp(x - left, picture.width)) * 4;
      page.data.set(picture.data.subarray(from, from + 4), (y * width + x) * 4);
    }
  }
  const kept = { width: picture.width, height: picture.height, data: new Uint8Array(picture.data.length) };
  for (let i = 3; i < kept.data.length; i += 4) kept.data[i] = 255;
  return { picture: page, borders: pasted(borders, kept, left, top) };
}

/** White where either is. Both of one size. */
export function either(a: Picture, b: Picture): Picture {
  return { ...a, data: a.data.map((value, i) => Math.max(value, b.data[i])) };
}

/**
 * Puts what was painted over what is kept. Outside the mask the page stays as it is to the bit.
 *
 * @param page the original
 * @param image what was painted, for `box` of the page, of any size
 * @param shares of the new in each pixel of the page, see `sharesOf`
 */
export function putBack(page: Picture, image: Picture, box: Box, shares: ArrayLike<number>): Picture {
  const part = resized(image, box.width, box.height);
  const before = cropped(page, box.left, box.top, box.width, box.height);
  const data = new Uint8Array(part.data.length);
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const weight = shares[(box.top + y) * page.width + box.left + x];
      const at = (y * box.width + x) * 4;
      for (let c = 0; c < 3; c++) {
        data[at + c] = Math.round(part.data[at + c] * weight + before.data[at + c] * (1 - weight));
      }
      data[at + 3] = 255;
    }
  }
  const whole = { ...page, data: page.data.slice() };
  return pasted(whole, { width: box.width, height: box.height, data }, box.left, box.top);
}

/** How much of what was painted each pixel shows. @param blur pixels over which it fades in, inside the mask */
export function sharesOf(mask: Mask, blur: number): ArrayLike<number> {
  return blur > 0 ? faded(mask, blur) : mask.data;
}

/** Shares that rise from 0 at the mask's edge to 1 inside: twice what a Gaussian makes of it, less 1. */
function faded({ width, height, data }: Mask, blur: number): Float32Array {
  const sigma = blur / 2;
  const reach = Math.ceil(sigma * 3);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const smooth = (from: ArrayLike<number>, count: number, lines: number, step: number, line: number) => {
    const out = new Float32Array(width * height);
    for (let l = 0; l < lines; l++) {
      for (let i = 0; i < count; i++) {
        let total = 0;
        for (let k = -reach; k <= reach; k++) {
          const at = Math.min(count - 1, Math.max(0, i + k));
          total += weights[k + reach] * from[l * line + at * step];
        }
        out[l * line + i * step] = total / sum;
      }
    }
    return out;
  };
  const across = smooth(data, width, height, 1, width);
  // In the nook of a mask that turns inwards the Gaussian's value is above a half outside it, too.
  return smooth(across, height, width, width, 1).map((value, i) =>
    data[i] ? Math.min(1, Math.max(0, 2 * value - 1)) : 0
  );
}
