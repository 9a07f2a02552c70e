/**
 * Logarithm, sine and cosine in single precision, every rounding as in the vector code that torch's CPU generator runs:
 * the Cephes polynomials (Moshier) with each product and sum that follow one another fused into one rounding.
 *
 * @module
 */

const f = Math.fround;

const LOG = [
  7.0376836292e-2,
  -1.1514610310e-1,
  1.1676998740e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
].map(f);
const LN2_LOW = f(-2.12194440e-4);
const LN2_HIGH = f(0.693359375);
const SQRT_HALF = f(Math.SQRT1_2);

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** ln x of a positive normal f32. */
export function logf(x: number): number {
  float[0] = x;
  let e = (bits[0] >>> 23) - 126;
  bits[0] = (bits[0] & 0x807fffff) | 0x3f000000;
  const m = float[0]; // x = m · 2^e, ½ ≤ m < 1
  const small = m < SQRT_HALF;
  if (small) e--;
  const r = f(f(m - 1) + (small ? m : 0));
  const z = f(r * r);
  let y = LOG[0];
  for (let i = 1; i < LOG.length; i++) y = f(y * r + LOG[i]);
  y = f(f(y * r) * z + f(e * LN2_LOW));
  y = f(y - z * 0.5);
  return f(e * LN2_HIGH + f(r + y));
}

const FOUR_OVER_PI = f(4 / Math.PI);
const PI_4_HIGH = f(-0.78515625);
const PI_4_MIDDLE = f(-2.4187564849853515625e-4);
const PI_4_LOW = f(-3.77489497744594108e-8);
const [S0, S1, S2] = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f);
const [C0, C1, C2] = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f);

/** Writes cos x and sin x of a non-negative f32 below 8192 into `out[0]` and `out[1]`. */
export function cosSinf(x: number, out: Float32Array): void {
  const octant = (Math.trunc(f(x * FOUR_OVER_PI)) + 1) & ~1;
  const r = f(octant * PI_4_LOW + f(octant * PI_4_MIDDLE + f(octant * PI_4_HIGH + x)));
  const z = f(r * r);
  let c = f(f(C0 * z + C1) * z + C2);
  c = f(f(f(c * z) * z - z * 0.5) + 1);
  let s = f(f(S0 * z + S1) * z + S2);
  s = f(f(s * z) * r + r);
  const swap = (octant & 2) !== 0;
  out[0] = (octant + 2) & 4 ? -(swap ? s : c) : swap ? s : c;
  out[1] = octant & 4 ? -(swap ? c : s) : swap ? c : s;
}
