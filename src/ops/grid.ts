/**
 * Grids of invocations.
 *
 * @module
 */
/** Workgroups of 64 invocations for `count` invocations, folded into two dimensions. */
export function grid64(count: number): [number, number] {
  const groups = Math.ceil(count / 64);
  const width = Math.min(groups, 32768);
  return [width, Math.ceil(groups / width)];
}
