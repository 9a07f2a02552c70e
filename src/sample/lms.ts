import { denoiser, exploding, step } from "./denoise.ts";
import type { Sampler, Term } from "./types.ts";

const ORDER = 4;

/** Linear multistep (Adams–Bashforth) in σ: the last four slopes d = (x − x₀) / σ, integrated as a polynomial. */
export const lms: Sampler = async function* (space, evaluate, schedule, x, { start = 0 } = {}) {
  const { timesteps, sigmas } = schedule;
  const D = denoiser(space, evaluate, schedule);
  let slopes: (typeof x)[] = []; // the newest first
  for (let i = start; i < timesteps.length; i++) {
    const denoised = await D(x, exploding(sigmas[i]), timesteps[i]);
    const slope = space.combine([[1 / sigmas[i], x], [-1 / sigmas[i], denoised]]);
    slopes = [slope, ...slopes].slice(0, ORDER);
    const past = slopes.map((_, k) => sigmas[i - k]);
    const terms = slopes.map((d, k): Term<typeof x> => [integral(past, k, sigmas[i], sigmas[i + 1]), d]);
    x = space.combine([[1, x], ...terms]);
    yield step(schedule, i, x, denoised, slopes.slice(0, ORDER - 1));
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
