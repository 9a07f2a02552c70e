/**
 * Winograd's transforms as the points make them that polynomials are evaluated at (Lavin and Gray, arXiv 1509.09308):
 * Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A for tiles of m×m results and 3×3 taps.
 *
 * @module
 */
/** Rows of numbers. */
export type Matrix = number[][];

/** The matrices of a tile. */
export interface Transforms {
  /** Results along a side. */
  m: number;
  /** Aᵀ [m, m + 2], G [m + 2, 3] and Bᵀ [m + 2, m + 2]. */
  At: Matrix;
  G: Matrix;
  Bt: Matrix;
}

/**
 * Two polynomials of 3 and of m coefficients are multiplied by evaluating both at m + 1 points and at ∞, and
 * interpolating: turned round, that is a correlation of m results by 3 taps.
 * @param points all but ∞
 * @param signs and sizes of the rows of Bᵀ, which those of G make up for
 */
function transforms(points: readonly number[], scales: readonly number[]): Transforms {
  const m = points.length - 1;
  const roots = (without?: number) => points.filter((_, i) => i !== without);
  /** Coefficients of Π (x − root). */
  const polynomial = (roots: number[]) =>
    roots.reduce((p, root) => [0, ...p].map((c, i) => c - root * (p[i] ?? 0)), [1]);
  const Bt = [...points.map((_, i) => [...polynomial(roots(i)), 0]), polynomial(roots())];
  const G = points.map((point, i) => {
    const share = roots(i).reduce((product, root) => product * (point - root), 1);
    return [1, point, point ** 2].map((power) => power / share);
  });
  const At = Array.from({ length: m }, (_, i) => [...points.map((point) => point ** i), i === m - 1 ? 1 : 0]);
  return {
    m,
    At,
    G: [...G, [0, 0, 1]].map((row, i) => row.map((v) => v / scales[i])),
    Bt: Bt.map((row, i) => row.map((v) => v * scales[i])),
  };
}

/** F(2×2, 3×3). */
export const F2 = transforms([0, 1, -1], [-1, 1, 1, 1]);

/** F(4×4, 3×3). */
export const F4 = transforms(
  [0, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT2, -Math.SQRT2],
  [0.25, -0.25, -0.25, 0.25, 0.25, 0.25],
);
