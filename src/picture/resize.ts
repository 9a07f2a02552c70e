/**
 * Resizing as Pillow does it, to the bit: the pictures that people compare with went through it.
 *
 * Each axis is resampled by itself, first across, then down; weights are fixed-point numbers of 22 bits and every pass
 * rounds to 8 bits. A filter widens where a picture shrinks, so that every pixel counts. (Pillow 13 goes down first
 * where that is cheaper: then single pixels differ by a level or a few.)
 *
 * @module
 */
import type { Picture } from "./picture.ts";

/** How pixels between pixels are found. */
export type Filter = "nearest" | "bilinear" | "bicubic" | "lanczos";

/** Half-width in pixels, and weight at distance x. */
const FILTERS: Record<Exclude<Filter, "nearest">, { support: number; weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0 },
};

/** Keys' kernel with a = −0.5. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Bits behind the point: 32, less 8 for the pixel and 2 for sums beyond it. */
const BITS = 22;

/** What one output pixel reads: inputs `first` …, and their weights. */
interface Tap {
  first: number;
  weights: Int32Array;
}

function taps(from: number, to: number, filter: Exclude<Filter, "nearest">): Tap[] {
  const { support, weight } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) => weight((first + k - centre + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    const fixed = raw.map((w) => {
      const share = sum === 0 ? w : w / sum;
      return Math.trunc((share < 0 ? -0.5 : 0.5) + share * 2 ** BITS);
    });
    return { first, weights: Int32Array.from(fixed) };
  });
}

/**
 * One pass: `lines` lines of `count` pixels become lines of `taps.length` pixels. Pixels of a line are `step` bytes
 * apart in both pictures, lines `inLine` and `outLine`.
 */
function pass(
  data: Uint8Array,
  out: Uint8Array,
  taps: Tap[],
  lines: number,
  step: { in: number; out: number },
  line: { in: number; out: number },
): void {
  const half = 2 ** (BITS - 1);
  for (let l = 0; l < lines; l++) {
    taps.forEach(({ first, weights }, i) => {
      for (let c = 0; c < 4; c++) {
        let sum = half;
        let at = l * line.in + first * step.in + c;
        for (let k = 0; k < weights.length; k++, at += step.in) sum += data[at] * weights[k];
        out[l * line.out + i * step.out + c] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** BITS)));
      }
    });
  }
}

/**
 * The picture at `width` × `height` pixels.
 *
 * Colours of transparent pixels bleed into their neighbours: make the picture opaque first where that matters.
 */
export function resized(picture: Picture, width: number, height: number, filter: Filter = "lanczos"): Picture {
  if (picture.width === width && picture.height === height) return picture;
  if (filter === "nearest") return nearest(picture, width, height);
  let { data } = picture;
  if (picture.width !== width) {
    const across = new Uint8Array(width * picture.height * 4);
    const line = { in: picture.width * 4, out: width * 4 };
    pass(data, across, taps(picture.width, width, filter), picture.height, { in: 4, out: 4 }, line);
    data = across;
  }
  if (picture.height !== height) {
    const down = new Uint8Array(width * height * 4);
    const row = width * 4;
    pass(data, down, taps(picture.height, height, filter), width, { in: row, out: row }, { in: 4, out: 4 });
    data = down;
  }
  return { width, height, data };
}

function nearest({ width: w, height: h, data }: Picture, width: number, height: number): Picture {
  const out = new Uint8Array(width * height * 4);
  const pixels = new Uint32Array(data.slice().buffer);
  const target = new Uint32Array(out.buffer);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y + 0.5) * h / height) * w;
    for (let x = 0; x < width; x++) target[y * width + x] = pixels[row + Math.floor((x + 0.5) * w / width)];
  }
  return { width, height, data: out };
}

/** How a picture comes to another shape: cut to it, pulled into it, or set on a page of it. */
export type Fit = "crop" | "stretch" | "pad";

/** A picture brought to a size, and where it lies there: for `pad`, the rest of the page is its border's colour. */
export function fitted(picture: Picture, width: number, height: number, fit: Fit, filter: Filter = "lanczos"): Picture {
  if (fit === "stretch") return resized(picture, width, height, filter);
  const ratios = [width / picture.width, height / picture.height];
  const scale = fit === "crop" ? Math.max(...ratios) : Math.min(...ratios);
  const [w, h] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const scaled = resized(picture, w, h, filter);
  const [left, top] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
  const out = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const row = Math.min(h - 1, Math.max(0, y - top));
    for (let x = 0; x < width; x++) {
      const at = (row * w + Math.min(w - 1, Math.max(0, x - left))) * 4;
      out.set(scaled.data.subarray(at, at + 4), (y * width + x) * 4);
    }
  }
  return { width, height, data: out };
}
