/**
 * A helping word for misspelt flags, commands and names.
 *
 * @module
 */

/**
 * The known spelling nearest to `word`, as a sentence to put after an error: ` Did you mean "euler"?`; empty where
 * nothing is near. Near means that at most a third of the letters differ, counted as optimal string alignment distance,
 * or that one is how the other begins. Case and leading dashes do not count.
 */
export function didYouMean(word: string, known: Iterable<string>): string {
  const bare = (name: string) => name.toLowerCase().replace(/^-+/, "");
  const wanted = bare(word);
  if (wanted.length > 60) return ""; // no name; comparing it would cost its length squared
  const near = [...known].map((name) => ({ name, cost: cost(wanted, bare(name)) }))
    .filter(({ cost }) => cost <= 1 / 3).sort((a, b) => a.cost - b.cost);
  return near.length ? ` Did you mean "${near[0].name}"?` : "";
}

/**
 * Share of the letters that differ, 0 to 1. A single edit always counts as near, except in words of one letter; so does
 * a word of at least three letters that the other begins with.
 */
function cost(a: string, b: string): number {
  const longer = Math.max(a.length, b.length), shorter = Math.min(a.length, b.length);
  const edits = distance(a, b);
  if (longer === 1) return edits;
  if (edits <= 1) return edits / (longer + 3);
  return shorter >= 3 && (a.startsWith(b) || b.startsWith(a)) ? 0.3 : edits / longer;
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
