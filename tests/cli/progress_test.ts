import assert from "@std/assert";
import { makeProgress, progressKind, seconds } from "../../src/cli/progress.ts";

function shown(kind: "bar" | "lines" | "json" | "none"): string {
  let text = "";
  const progress = makeProgress(kind, (part) => text += part);
  progress.stage("Preparing");
  for (const [step, seconds] of [[1, 4], [2, 1], [3, 1]]) progress.step({ step, steps: 3, seconds });
  progress.clear();
  return text;
}

Deno.test("a terminal gets a bar, a file plain lines, a program JSON", () => {
  assert.equal(progressKind(undefined, false, true), "bar");
  assert.equal(progressKind(undefined, false, false), "lines");
  assert.equal(progressKind(undefined, true, true), "none");
  assert.equal(progressKind("json", true, true), "json");

  assert.equal(
    shown("lines"),
    "Preparing …\nstep 1/3  4.0 s  8.0 s left\nstep 2/3  1.0 s  1.0 s left\nstep 3/3  1.0 s  done\n",
  );
  const bar = shown("bar").split("\r\x1b[K");
  assert.equal(bar[3], "█".repeat(20) + "░".repeat(10) + " 2/3  1.0 s a step  1.0 s left");
  assert.equal(bar[bar.length - 1], "", "a bar is gone at the end");
  const events = shown("json").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events[0], { event: "stage", stage: "Preparing" });
  assert.deepEqual(events[3], { event: "step", step: 3, steps: 3, seconds: 1 });
  assert.equal(shown("none"), "");
});

Deno.test("a bar is shorter where the terminal is narrow, and nothing goes beyond its line", () => {
  const lines: string[] = [];
  let columns = 44;
  const progress = makeProgress("bar", (text) => lines.push(text.replace("\r\x1b[K", "")), () => columns);
  progress.step({ step: 1, steps: 2, seconds: 1 });
  columns = 12;
  progress.step({ step: 2, steps: 2, seconds: 1 });
  progress.stage("Loading the model");
  assert.deepEqual(lines, ["███████░░░░░░ 1/2  1.0 s a step  1.0 s left", "2/2  1.0 s ", "Loading the"]);
});

Deno.test("durations as people say them", () => {
  const spoken = [0.234, 3.21, 42.4, 59.7, 95, 7205].map(seconds);
  assert.deepEqual(spoken, ["0.23 s", "3.2 s", "42 s", "1:00 min", "1:35 min", "2:00:05"]);
});
