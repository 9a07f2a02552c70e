/**
 * Evenly spaced numbers with numpy's and torch's roundings.
 *
 * @module
 */

/** numpy.linspace: `count` f64 values from `start` to `stop`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / Math.max(count - 1, 1);
  return Array.from({ length: count }, (_, i) => i > 0 && i === count - 1 ? stop : i * step + start);
}

/** torch.linspace: `count` f32 values, counted from the nearer end. */
export function linspace32(start: number, stop: number, count: number): Float32Array {
  const [a, b] = [Math.fround(start), Math.fround(stop)];
  if (count === 1) return Float32Array.of(a);
  const step = Math.fround(Math.fround(b - a) / (count - 1));
  const half = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, i) => i < half ? a + step * i : b - step * (count - 1 - i));
}

/** Rounds halves to the even neighbour, as numpy does. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
