/**
 * Waiting that a signal ends.
 *
 * @module
 */

/**
 * What `work` gives, or the signal's reason where that aborts before or has done so already, whatever becomes of the
 * work. It listens no longer than the work takes.
 */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  work.finally(() => signal.removeEventListener("abort", stop)).catch(() => {}); // told where it is awaited
  return await Promise.race([aborted, work]);
}
