import assert from "node:assert/strict";
import { describeDownload, downloadLine } from "../../src/cli/download_line.ts";

const progress = {
  file: "unet/x.safetensors",
  doneBytes: 869e6,
  totalBytes: 6.9e9,
  bytesPerSecond: 45e6,
  secondsLeft: 134,
};

Deno.test("a download says file, share, rate and time left", () => {
  assert.equal(describeDownload(progress), "Downloading unet/x.safetensors: 12% of 6.9 GB, 45 MB/s, 2:14 min left");
  const unknown = { ...progress, totalBytes: 0, secondsLeft: Infinity };
  assert.equal(describeDownload(unknown), "Downloading unet/x.safetensors: 869 MB, 45 MB/s");
});

Deno.test("many reports in a row make one line", () => {
  const lines: string[] = [];
  const report = downloadLine((line) => lines.push(line));
  for (let i = 0; i < 100; i++) report(progress);
  assert.equal(lines.length, 1);
});
