/**
 * How long work on a device takes.
 *
 * @module
 */

/** Shortest seconds of `run` in a few rounds, each of at least `least` seconds, to outweigh the wait for the device. */
export async function best(
  run: () => unknown,
  finished: () => Promise<unknown>,
  rounds = 3,
  least = 0.3,
): Promise<number> {
  await run();
  await finished(); // compiles
  const time = async (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) await run();
    await finished();
    return (performance.now() - start) / 1000;
  };
  // Most of what one run takes may be the wait for it.
  let count = 1;
  for (let seconds = await time(count); seconds < least; seconds = await time(count)) {
    count *= Math.max(2, Math.min(16, Math.ceil(least / seconds)));
  }
  let shortest = Infinity;
  for (let i = 0; i < rounds; i++) shortest = Math.min(shortest, await time(count) / count);
  return shortest;
}
