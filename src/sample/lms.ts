import { finished } from "./level.ts";
import type { Sampler, Term } from "./types.ts";

const ORDER = 4;

/** Linear multistep (Adams–Bashforth) in σ: the last four slopes d = (x − x₀) / σ, integrated as a polynomial. */
export const lms: Sampler = async function* (run, x) {
  const { space, denoise, strides, start } = run;
  let slopes: (typeof x)[] = []; // the newest first
  for (let i = start; i < strides.length; i++) {
    const { from, to } = strides[i];
    const denoised = await denoise(x, from);
    const slope = space.combine([[1 / from.sigma, x], [-1 / from.sigma, denoised]]);
    slopes = [slope, ...slopes].slice(0, ORDER);
    // As in diffusers, a run from the middle has its order from the schedule, though it has fewer slopes at first.
    const past = strides.slice(Math.max(0, i + 1 - ORDER), i + 1).map(({ from }) => from.sigma).reverse();
    const terms = slopes.map((d, k): Term<typeof x> => [integral(past, k, from.sigma, to.sigma), d]);
    x = space.combine([[1, x], ...terms]);
    yield finished(run, i, x, denoised, slopes.slice(0, ORDER - 1));
  }
};

/** ∫ from a to b of the Lagrange polynomial that is 1 at nodes[k] and 0 at the others. Exact to degree 3. */
function integral(nodes: readonly number[], k: number, a: number, b: number): number {
  const basis = (t: number) =>
    nodes.reduce((product, node, j) => j === k ? product : product * (t - node) / (nodes[k] - node), 1);
  const [middle, half] = [(a + b) / 2, (b - a) / 2];
  const offset = half / Math.sqrt(3); // Gauss–Legendre with two points
  return half * (basis(middle - offset) + basis(middle + offset));
}
