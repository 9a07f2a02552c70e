/**
 * Every trial of the kernels in a process of its own, several side by side: which does not come back, and how long a
 * driver compiles.
 *
 *     deno run -A trials.ts [--small]
 *
 * @module
 */
import { openDevice } from "../../src/gpu/device.ts";
import { ALL_USES, trialName, trialsOf } from "../../src/nn/trials.ts";
import { tune } from "../../src/nn/tune.ts";
import { follow } from "./part.ts";
import { duration, firstLine, say } from "./rows.ts";

/** Seconds of one trial. */
const LIMIT = 20;
const HEADER = ["kernel alone in a process", "device", "compile and run", ""];

/** One trial alone: all others count as done. */
async function alone(name: string, names: string[]): Promise<void> {
  using device = await openDevice();
  const opened = performance.now();
  const known = { wrong: [], speeds: {}, tried: names.filter((other) => other !== name) };
  const { wrong, speeds, stuck } = await tune(device, { known, thorough: true, budget: Infinity });
  const timed = Object.keys(speeds).length;
  const found = stuck ? "does NOT come back" : wrong.length ? "WRONG" : timed ? `${timed} timed` : "right";
  const taken = (performance.now() - opened) / 1000;
  say("Trials", HEADER, [name, duration(opened / 1000), duration(taken), found]);
}

const small = Deno.args.includes("--small");
const only = Deno.args.find((word) => !word.startsWith("--"));
const device = await openDevice();
const all = [...trialsOf(device, ALL_USES, true)].map(trialName);
device.close();
if (only) {
  await alone(only, all);
  Deno.exit(0);
}
const queue = (small ? all.slice(0, 2) : all).toReversed(); // the likeliest to hang are at the end
const workers = Array.from({ length: Math.max(1, Math.min(8, navigator.hardwareConcurrency - 2)) }, async () => {
  for (let name = queue.shift(); name; name = queue.shift()) {
    const command = [Deno.execPath(), "run", "-A", "--no-check", import.meta.filename!, name];
    const code = await follow(command, { limit: LIMIT, onLine: (line) => console.log(line) }).catch(firstLine);
    if (code !== 0) say("Trials", HEADER, [name, "", "", code === undefined ? `not back in ${LIMIT} s` : `${code}`]);
  }
});
await Promise.all(workers);
Deno.exit(0);
