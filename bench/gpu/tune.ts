/**
 * What trying the kernels on this device shows, one after the other, and nothing else beside them: each variant's time,
 * and which are wrong.
 *
 *     deno run -A tune.ts FOLDER [--small]
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";
import { type Device, openDevice } from "../../src/gpu/device.ts";
import { tuneOnce } from "../../src/pipeline/tuning.ts";
import { begin, firstLine, say } from "./rows.ts";

const [folder] = Deno.args;
const small = Deno.args.includes("--small");
const title = "What trying the kernels shows";
const header = ["op", "at", "variant", "ms"];
using device = await openDevice();

const told = new Set<string>();
/** Says what is new. */
function tell({ speeds, wrong }: NonNullable<Device["tuning"]>): void {
  for (const [name, speed] of Object.entries(speeds)) {
    const [, op, variant, at] = name.match(/^(\S+) (.*) at (.*)$/)!;
    if (!told.has(name)) say(title, header, [op, at, variant, (1 / speed).toFixed(3)]);
    told.add(name);
  }
  for (const name of wrong) {
    if (!told.has(name)) say(title, header, [name, "", "", "computes WRONGLY, is not used"]);
    told.add(name);
  }
}

await tuneOnce(device, {
  force: true,
  ...(small ? { uses: { attention: [40], conv3x3: [128] }, budget: 5000 } : {}),
  say: (sentence) => say(title, header, ["", "", "", sentence]),
  onTrial(name, tuning) {
    tell(tuning);
    begin(name);
  },
});
if (device.tuning) tell(device.tuning);
await Deno.writeTextFile(join(folder, "tuned.json"), JSON.stringify(device.tuning, null, 1)).catch((error) =>
  console.log(firstLine(error))
);
