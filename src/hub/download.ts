/**
 * Downloads that survive cut connections: into `<file>.incomplete`, resumed by range requests, and renamed only once
 * size and hash are right, so that nothing half-downloaded is ever taken for whole.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { statfsSync } from "node:fs";
import { dirname } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists, fileError } from "../files/byte_file.ts";
import { pause } from "../files/pause.ts";
import { BYTES_OF } from "../limits.ts";
import { chunksOf, refuseStatus, request, TRICKLE } from "./request.ts";
import { publicText } from "../secrets.ts";

/** How a download gets on. */
export interface DownloadProgress {
  /** Its address, or its path within a repository. */
  file: string;
  /** Bytes that have come so far. */
  doneBytes: number;
  /** 0 where the server does not say. */
  totalBytes: number;
  /** The mean of this run. */
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
  /** Milliseconds after which a silent server is given up. */
  silence?: number;
  onProgress?: (progress: DownloadProgress) => void;
  /**
   * Waits between tries, in milliseconds; as many tries as there are waits, and one more. A try that brings some KiB
   * more starts the count anew.
   */
  waits?: number[];
  /** The folder whose disk must have room. */
  folder?: string;
}

const WAITS = [500, 1000, 2000, 4000, 8000];

/**
 * Brings `url` to `path`, going on where an earlier try stopped.
 * @throws ModelError naming the URL and what went wrong; what came so far is kept for the next time, unless it is
 *   damaged
 */
export async function download(
  url: string,
  path: string,
  expected: Expected,
  options: DownloadOptions = {},
): Promise<void> {
  const incomplete = `${path}.incomplete`;
  while (!await exists(path)) {
    using file = await Deno.open(incomplete, { read: true, write: true, create: true }).catch((error) => {
      throw fileError(incomplete, error);
    });
    await file.lock(true); // another process may be at the same file
    if (!await isAt(incomplete, file)) continue; // … and have brought it meanwhile, or thrown it away
    if (await exists(path)) return await Deno.remove(incomplete); // it was brought before this one was begun
    await receive(url, file, expected, { ...options, folder: dirname(path) });
    await check(publicText(url), file, incomplete, expected);
    await Deno.rename(incomplete, path);
  }
}

/** Whether an open file still has the name that it was opened by. */
async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
  const there = await Deno.stat(path).catch(() => undefined);
  return there?.ino === (await file.stat()).ino;
}

async function receive(url: string, file: Deno.FsFile, expected: Expected, options: DownloadOptions): Promise<void> {
  const { waits = WAITS, signal, onProgress } = options;
  const shown = publicText(url);
  const started = performance.now();
  const startedAt = (await file.stat()).size;
  let furthest = startedAt;
  let etag: string | undefined;
  // A later run can only tell by the hash that what came is of the same file.
  const goesOn = expected.hash ? ": it goes on where it stopped" : "";
  checkSize(shown, expected.size, startedAt, options.folder);
  for (let failures = 0;;) {
    if ((await file.stat()).size > (expected.size ?? Infinity)) await file.truncate(0); // of another version
    const have = (await file.stat()).size;
    let done = have;
    try {
      if (expected.size !== undefined && have === expected.size) return;
      const headers: Record<string, string> = { ...options.headers };
      // Without a hash or an earlier answer's tag, old bytes may be of another version: start anew.
      const resume = have > 0 && (expected.hash !== undefined || etag !== undefined);
      if (resume) headers.range = `bytes=${have}-`;
      if (resume && etag) headers["if-range"] = etag;
      const response = await request(url, { ...options, headers });
      if (response.status === 416 && resume) await file.truncate(0); // shorter than what there is
      await refuseStatus(shown, response);
      const continues = response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${have}-`);
      done = continues ? have : 0;
      if (have > done) await file.truncate(done);
      await file.seek(done, Deno.SeekMode.Start);
      etag = response.headers.get("etag") ?? undefined;
      const announced = Number(response.headers.get("content-length") ?? NaN);
      const total = expected.size ?? (Number.isFinite(announced) ? done + announced : undefined);
      checkSize(shown, total, done, options.folder);
      const most = total ?? BYTES_OF.unannounced;
      for await (const bytes of chunksOf(response, options)) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        done += bytes.length;
        // A server that breaks off at the same place each time, or a few bytes behind it, gets no further.
        if (done >= furthest + TRICKLE) [furthest, failures] = [done, 0];
        if (done > most) break;
        report(onProgress, shown, done, total ?? 0, started, startedAt);
      }
      if (total === undefined && done <= most || done === total) return;
      if (done > most) {
        await file.truncate(0);
        throw new ModelError(
          `${shown} is longer than the ${most} bytes ${total ? "it should have" : "that are taken"}.`,
        );
      }
      throw new TypeError(`the connection closed after ${done} of ${total} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ModelError) throw error;
      if (error instanceof Deno.errors.NotCapable) {
        throw new ModelError(`${shown} may not be fetched: run Deno with --allow-net.`, { cause: error });
      }
      if (isDiskFull(error)) {
        throw new ModelError(
          `The disk is full, at byte ${done} of ${shown}. Make room and start again${goesOn}.`,
          { cause: error },
        );
      }
      if (failures >= waits.length) {
        const why = error instanceof Error ? error.message : String(error);
        throw new ModelError(`${shown} could not be downloaded: ${why}. Start again${goesOn}.`, { cause: error });
      }
      await pause(signal, waits[failures++]);
    }
  }
}

/** Refuses what is larger than any model, or than the disk has room for, before it comes. */
function checkSize(shown: string, size: number | undefined, have: number, folder: string | undefined): void {
  if (size === undefined) return;
  if (size > BYTES_OF.download) {
    throw new ModelError(`${shown} has ${size} bytes; expected at most ${BYTES_OF.download}.`);
  }
  const room = folder === undefined ? undefined : roomOf(folder);
  if (room !== undefined && size - have > room) {
    throw new ModelError(`${shown} has ${size} bytes, but ${folder} has room for ${room} only. Make room first.`);
  }
}

/** Bytes that a disk can still take; undefined where the system does not say. */
function roomOf(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
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
async function check(shown: string, file: Deno.FsFile, incomplete: string, expected: Expected): Promise<void> {
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
  throw new ModelError(`${shown} arrived damaged: it ${problem}. It was thrown away; start again.`);
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /os error 28\b|No space left/.test(error.message);
}
