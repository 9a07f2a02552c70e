/**
 * The guided filter (He, Sun and Tang, ECCV 2010, with colours): a plane of numbers is smoothed so that its edges
 * become the picture's. In each window the result is a linear function of the picture's colours.
 *
 * @module
 */
import type { Picture } from "./picture.ts";

type Plane = Float64Array;

/**
 * @param plane [height·width] of the picture
 * @param radius of the windows in pixels
 * @param epsilon variance of colours (0 … 1) below which a window counts as flat
 */
export function guidedFilter(
  { width, height, data }: Picture,
  plane: ArrayLike<number>,
  radius: number,
  epsilon: number,
): Float32Array<ArrayBuffer> {
  const area = width * height;
  const of = (value: (i: number) => number): Plane => Float64Array.from({ length: area }, (_, i) => value(i));
  const mean = (x: Plane) => boxMean(x, width, height, radius);
  const colours = [0, 1, 2].map((c) => of((i) => data[i * 4 + c] / 255));
  const [p, means] = [of((i) => plane[i]), colours.map(mean)];
  const pMean = mean(p);
  const covariance = (a: Plane, b: Plane, aMean: Plane, bMean: Plane) => {
    const product = mean(of((i) => a[i] * b[i]));
    return of((i) => product[i] - aMean[i] * bMean[i]);
  };
  const pairs = [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]].map(([a, b]) =>
    covariance(colours[a], colours[b], means[a], means[b])
  );
  const withPlane = colours.map((colour, c) => covariance(colour, p, means[c], pMean));

  // p ≈ Σ aₖ · colourₖ + b in each window: (Σ + ε) a = cov(colours, p), by Cramer's rule.
  const slopes = colours.map(() => new Float64Array(area));
  const offset = new Float64Array(area);
  for (let i = 0; i < area; i++) {
    const [rr, rg, rb, gg, gb, bb] = pairs.map((pair) => pair[i]);
    const rows = [[rr + epsilon, rg, rb], [rg, gg + epsilon, gb], [rb, gb, bb + epsilon]];
    const right = withPlane.map((cov) => cov[i]);
    const whole = determinant(rows);
    offset[i] = pMean[i];
    for (let k = 0; k < 3; k++) {
      slopes[k][i] = determinant(rows.map((row, r) => row.with(k, right[r]))) / whole;
      offset[i] -= slopes[k][i] * means[k][i];
    }
  }
  const [smooth, last] = [slopes.map(mean), mean(offset)];
  return Float32Array.from(last, (b, i) => smooth.reduce((sum, slope, k) => sum + slope[i] * colours[k][i], b));
}

function determinant([[a, b, c], [d, e, f], [g, h, i]]: number[][]): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/** Means over squares of 2·radius + 1 pixels; beyond the edges the picture is mirrored. */
function boxMean(x: Plane, width: number, height: number, radius: number): Plane {
  const pass = (from: Plane, lines: number, count: number, line: number, step: number) => {
    const out = new Float64Array(from.length);
    const mirrored = (i: number) => {
      const turn = ((i % (2 * count)) + 2 * count) % (2 * count);
      return turn < count ? turn : 2 * count - 1 - turn;
    };
    for (let l = 0; l < lines; l++) {
      let sum = 0;
      for (let i = -radius; i <= radius; i++) sum += from[l * line + mirrored(i) * step];
      for (let i = 0; i < count; i++) {
        out[l * line + i * step] = sum / (2 * radius + 1);
        sum += from[l * line + mirrored(i + radius + 1) * step] - from[l * line + mirrored(i - radius) * step];
      }
    }
    return out;
  };
  return pass(pass(x, height, width, width, 1), width, height, 1, width);
}
