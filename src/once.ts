/**
 * Things that are opened when they are first asked for, and then shared.
 *
 * @module
 */

/** What a key stands for, opened when it is first asked for. A failure is not kept: the next try may succeed. */
export function once<T>(known: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before) return before;
  const opening = open();
  known.set(key, opening);
  opening.catch(() => known.delete(key));
  return opening;
}
