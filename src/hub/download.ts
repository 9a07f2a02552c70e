/**
 * Downloads that survive cut connections: into `<file>.incomplete`, resumed by range requests, and renamed only once size and
 * hash are right, so that nothing half-downloaded is ever taken for whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ModelError } from "../errors.ts";
import { exists, fileError } from "../files/byte_file.ts";

/** How a download gets on. */
export interface DownloadProgress {
  file: string;
  doneBytes: number;
  /** 0 where the server does not say. */
  totalBytes: number;
  /** Of this run, so far. */
  bytesPerSecond: number;
  /** Infinity where nothing can be said. */
  secondsLeft: number;
}

/** What is known of a file before it comes. */
export interface Expected {
  size?: number;
  /** Lower-case hex. Git's hash of a blob is a SHA-1 over its length and content. */
  hash?: { kind: "sha256" | "git"; value: string };
}

/** How to fetch. */
export interface DownloadOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  onProgress?: (progress: DownloadProgress) => void;
  /** Waits between tries, in milliseconds; as many tries as there are waits, and one more. Received bytes start the count anew. */
  waits?: number[];
}

const WAITS = [500, 1000, 2000, 4000, 8000];

/**
 * Brings `url` to `path`, going on where an earlier try stopped.
 * @throws ModelError naming the URL and what went wrong; what came so far is kept for the next time, unless it is damaged
 */
export async function download(
  url: string,
  path: string,
  expected: Expected,
  options: DownloadOptions = {},
): Promise<void> {
  const incomplete = `${path}.incomplete`;
  const file = await Deno.open(incomplete, { read: true, write: true, create: true }).catch((error) => {
    throw fileError(incomplete, error);
  });
  try {
    await file.lock(true); // another process may be at the same file
    if (await exists(path)) return; // … and have brought it meanwhile
    await receive(url, file, expected, options);
    await check(url, file, incomplete, expected);
    await Deno.rename(incomplete, path);
  } finally {
    file.close();
  }
}

async function receive(url: string, file: Deno.FsFile, expected: Expected, options: DownloadOptions): Promise<void> {
  const { waits = WAITS, signal, onProgress } = options;
  const started = performance.now();
  const startedAt = (await file.stat()).size;
  let etag: string | undefined;
  // A later run can only tell by the hash that what came is of the same file.
  const goesOn = expected.hash ? ": it goes on where it stopped" : "";
  for (let failures = 0;;) {
    if ((await file.stat()).size > (expected.size ?? Infinity)) await file.truncate(0); // of another version
    const have = (await file.stat()).size;
    let done = have;
    try {
      if (expected.size !== undefined && have === expected.size) return;
      const headers: Record<string, string> = { ...options.headers, "accept-encoding": "identity" };
      // Without a hash or an earlier answer's tag, old bytes may be of another version: start anew.
      const resume = have > 0 && (expected.hash !== undefined || etag !== undefined);
      if (resume) headers.range = `bytes=${have}-`;
      if (resume && etag) headers["if-range"] = etag;
      const response = await fetch(url, { headers, signal });
      await refuseStatus(url, response);
      const continues = response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${have}-`);
      done = continues ? have : 0;
      if (have > done) await file.truncate(done);
      await file.seek(done, Deno.SeekMode.Start);
      etag = response.headers.get("etag") ?? undefined;
      const announced = Number(response.headers.get("content-length") ?? NaN);
      const total = expected.size ?? (Number.isFinite(announced) ? done + announced : undefined);
      for await (const bytes of response.body ?? []) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        done += bytes.length;
        failures = 0;
        if (total !== undefined && done > total) break;
        report(onProgress, url, done, total ?? 0, started, startedAt);
      }
      if (total === undefined || done === total) return;
      if (done > total) {
        await file.truncate(0);
        throw new ModelError(`${url} is longer than the ${total} bytes it should have.`);
      }
      throw new TypeError(`the connection closed after ${done} of ${total} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ModelError) throw error;
      if (error instanceof Deno.errors.NotCapable) {
        throw new ModelError(`${url} may not be fetched: run Deno with --allow-net.`, { cause: error });
      }
      if (isDiskFull(error)) {
        throw new ModelError(
          `The disk is full, at byte ${done} of ${url}. Make room and start again${goesOn}.`,
          { cause: error },
        );
      }
      if (failures >= waits.length) {
        const why = error instanceof Error ? error.message : String(error);
        throw new ModelError(`${url} could not be downloaded: ${why}. Start again${goesOn}.`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, waits[failures++]));
    }
  }
}

/** Turns statuses that no second try can mend into errors; 5xx and 429 are left to be tried again. */
async function refuseStatus(url: string, response: Response): Promise<void> {
  if (response.ok) return;
  await response.body?.cancel();
  const { status } = response;
  if (status === 416) {
    throw new ModelError(`${url} is shorter than what was downloaded before. Delete the .incomplete file.`);
  }
  if (status === 401 || status === 403) {
    throw new ModelError(
      `${url} may not be downloaded (status ${status}). If the model is gated, accept its terms on its page and set HF_TOKEN.`,
    );
  }
  if (status === 404) throw new ModelError(`${url} does not exist (status 404).`);
  const message = `the server answered with status ${status}`;
  throw status >= 500 || status === 429 ? new TypeError(message) : new ModelError(`${url}: ${message}.`);
}

function report(
  onProgress: DownloadOptions["onProgress"],
  file: string,
  doneBytes: number,
  totalBytes: number,
  started: number,
  startedAt: number,
): void {
  const bytesPerSecond = Math.max(0, doneBytes - startedAt) / Math.max(1e-3, (performance.now() - started) / 1000);
  const secondsLeft = totalBytes && bytesPerSecond ? (totalBytes - doneBytes) / bytesPerSecond : Infinity;
  onProgress?.({ file, doneBytes, totalBytes, bytesPerSecond, secondsLeft });
}

/** Compares the whole file with what is known of it; a damaged one is removed, so that the next try starts anew. */
async function check(url: string, file: Deno.FsFile, incomplete: string, expected: Expected): Promise<void> {
  const { size } = await file.stat();
  let problem = expected.size !== undefined && size !== expected.size
    ? `has ${size} bytes instead of ${expected.size}`
    : "";
  if (!problem && expected.hash) {
    const { kind, value } = expected.hash;
    const hash = createHash(kind === "git" ? "sha1" : "sha256");
    if (kind === "git") hash.update(`blob ${size}\0`);
    const buffer = new Uint8Array(1 << 20);
    await file.seek(0, Deno.SeekMode.Start);
    for (let count; (count = await file.read(buffer));) hash.update(buffer.subarray(0, count));
    const found = hash.digest("hex");
    if (found !== value) problem = `has the hash ${found} instead of ${value}`;
  }
  if (!problem) return;
  await Deno.remove(incomplete);
  throw new ModelError(`${url} arrived damaged: it ${problem}. It was thrown away; start again.`);
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /os error 28\b|No space left/.test(error.message);
}
