/**
 * Quantiles of the beta distribution.
 *
 * @module
 */

/**
 * The x in [0, 1] below which the share `p` of the symmetric beta distribution B(a, a) lies, to about 1e-14 (scipy's
 * `beta.ppf(p, a, a)`).
 */
export function betaQuantile(p: number, a: number): number {
  if (p > 0.5) return 1 - betaQuantile(1 - p, a);
  // Bisect on u = xᵃ, in which the distribution is almost a straight line even at 0.
  let low = 0, high = 0.5 ** a;
  const whole = 2 * lowerIntegral(high, a); // by symmetry, half of it lies below ½
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (lowerIntegral(middle, a) < p * whole) low = middle;
    else high = middle;
  }
  return ((low + high) / 2) ** (1 / a);
}

/** ∫₀ˣ (t(1 − t))ᵃ⁻¹ dt for u = xᵃ, x ≤ ½, by the binomial series of (1 − t)ᵃ⁻¹. */
function lowerIntegral(u: number, a: number): number {
  const x = u ** (1 / a);
  let term = u, sum = u / a;
  for (let k = 1; k < 60; k++) {
    term *= (k - a) / k * x;
    sum += term / (k + a);
  }
  return sum;
}
