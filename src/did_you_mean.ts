/**
 * A helping word for misspelt flags, commands and names.
 *
 * @module
 */

/**
 * The known spelling nearest to `word`, as a sentence to put after an error: ` Did you mean "euler"?`; empty where nothing is
 * near. Near means at most a third of the letters differ, counted as optimal string alignment distance, case apart.
 */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = [...known]
    .map((name) => ({ name, cost: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, cost }) => cost <= Math.max(1, Math.ceil(Math.max(word.length, name.length) / 3)))
    .sort((a, b) => a.cost - b.cost);
  return near.length ? ` Did you mean "${near[0].name}"?` : "";
}

/** Fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
