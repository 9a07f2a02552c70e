/**
 * What trying the kernels on this device shows: each variant's time, and which are wrong.
 *
 *     deno run -A tune.ts FOLDER
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { tuneOnce } from "../../src/pipeline/tuning.ts";
import { firstLine, say } from "./rows.ts";

const [folder] = Deno.args;
const title = "What trying the kernels shows";
const header = ["op", "at", "variants, ms (fastest first)"];
using device = await openDevice();
const began = performance.now();
await tuneOnce(device, {
  force: true,
  say: (sentence) => say(title, header, ["", "", sentence]),
  // Said before it begins: what does not come back is the last.
  onTrial: (name) => console.log(`${((performance.now() - began) / 1000).toFixed(1)} s: ${name}`),
});
const { speeds = {}, wrong = [] } = device.tuning ?? {};
const timed = Object.entries(speeds).map(([name, speed]) => {
  const [, op, variant, at] = name.match(/^(\S+) (.*) at (.*)$/)!;
  return { op, variant, at, milliseconds: 1 / speed };
});
for (const [key, variants] of Map.groupBy(timed, ({ op, at }) => `${op}\n${at}`)) {
  const sorted = variants.toSorted((a, b) => a.milliseconds - b.milliseconds);
  const cells = sorted.map(({ variant, milliseconds }) => `${variant} ${milliseconds.toFixed(3)}`);
  say(title, header, [...key.split("\n"), cells.join(", ")]);
}
for (const name of wrong) say(title, header, [name, "", "computes WRONGLY, is not used"]);
await Deno.writeTextFile(join(folder, "tuned.json"), JSON.stringify(device.tuning, null, 1)).catch((error) =>
  console.log(firstLine(error))
);
