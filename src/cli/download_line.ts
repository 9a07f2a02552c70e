/**
 * How a download gets on, as a line of text now and then.
 *
 * @module
 */
import type { DownloadProgress } from "../hub/download.ts";
import { seconds } from "./progress.ts";

/** Milliseconds between two lines, so that a long download does not fill a log. */
const EVERY = 3000;

/** A listener that says file, share, rate and time left through `stage`. */
export function downloadLine(stage: (text: string) => void): (progress: DownloadProgress) => void {
  let last = -Infinity;
  return (progress) => {
    if (performance.now() - last < EVERY) return;
    last = performance.now();
    stage(describeDownload(progress));
  };
}

/** "Downloading unet/x.safetensors: 12% of 6.9 GB, 45 MB/s, 2:14 min left". */
export function describeDownload(progress: DownloadProgress): string {
  const { file, doneBytes, totalBytes, bytesPerSecond, secondsLeft } = progress;
  const share = totalBytes ? `${Math.floor(100 * doneBytes / totalBytes)}% of ${size(totalBytes)}` : size(doneBytes);
  const left = Number.isFinite(secondsLeft) ? `, ${seconds(secondsLeft)} left` : "";
  return `Downloading ${file}: ${share}, ${size(bytesPerSecond)}/s${left}`;
}

/** Bytes for people, in the powers of ten that download pages use. */
function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
