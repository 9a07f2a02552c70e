/**
 * `deno task tune`: tries the kernels on a device anew, keeps what is found, and shows it. After a driver has changed,
 * say. Arguments: the device's number in `--list-devices`, 0 by default.
 *
 * @module
 */
import { openDevice } from "../src/gpu/device.ts";
import { ALL_USES, trialsOf } from "../src/nn/trials.ts";
import { tuneOnce } from "../src/pipeline/tuning.ts";

const [which = "0"] = Deno.args;
if (!/^\d+$/.test(which)) {
  const wrong = !["--help", "-h"].includes(which);
  console[wrong ? "error" : "log"](
    `${
      wrong ? `"${which}" is no device's number. ` : ""
    }deno task tune [NUMBER]: tries the kernels on device NUMBER of ` +
      "--list-devices (0) anew, keeps what is found for all runs to come, and shows it.",
  );
  Deno.exit(wrong ? 2 : 0);
}
using device = await openDevice(Number(which));
const total = [...trialsOf(device, ALL_USES, true)].length;
let number = 0;
const onTrial = (name: string) => console.error(`  ${++number}/${total}  ${name}`);
await tuneOnce(device, { force: true, say: console.log, onTrial });
const { speeds = {} } = device.tuning ?? {};
const ofOp = Map.groupBy(Object.entries(speeds), ([name]) => name.split(" ")[0] + name.slice(name.lastIndexOf(" at ")));
for (const [what, variants] of ofOp) {
  const best = Math.max(...variants.map(([, speed]) => speed));
  console.log(what);
  for (const [name, speed] of variants) {
    const variant = name.slice(name.indexOf(" ") + 1, name.lastIndexOf(" at "));
    console.log(
      `  ${variant.padEnd(18)} ${(1 / speed).toFixed(3).padStart(9)} ms  ${(speed / best * 100).toFixed(0)} %`,
    );
  }
}
