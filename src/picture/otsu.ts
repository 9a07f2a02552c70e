/** Levels of grey. */
const LEVELS = 256;

/**
 * Otsu's threshold (1979): the level that parts the values into two classes which differ most. Values above it belong
 * to the upper class.
 *
 * @param levels 0 … 255
 */
export function otsu(levels: ArrayLike<number>): number {
  const counts = new Float64Array(LEVELS);
  for (let i = 0; i < levels.length; i++) counts[levels[i]]++;
  const total = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [best, cut, below, sum] = [0, 0, 0, 0];
  for (let level = 0; level < LEVELS; level++) {
    below += counts[level];
    sum += counts[level] * level;
    const above = levels.length - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sum / below - (total - sum) / above) ** 2;
    if (between > best) [best, cut] = [between, level];
  }
  return cut;
}
