/**
 * Which machine this is.
 *
 * @module
 */
import { listAdapters, openDevice } from "../../src/gpu/device.ts";
import { say } from "./rows.ts";

const header = ["", ""];
const first = async (command: string, ...args: string[]) => {
  try {
    const { success, stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n")[0] : "fails";
  } catch {
    return "not there";
  }
};
for (const [i, { name, software }] of (await listAdapters()).entries()) {
  say("Machine", header, [`adapter ${i}`, `${name}${software ? ", computes on the CPU" : ""}`]);
}
using device = await openDevice();
say("Machine", header, ["class of kernels", device.kind]);
say("Machine", header, ["timestamp queries", device.timestamps ? "yes" : "no"]);
say("Machine", header, ["largest buffer", `${(device.maxBuffer / 2 ** 20).toFixed(0)} MiB`]);
const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
say("Machine", header, ["nvidia-smi", await first("nvidia-smi", ...query)]);
say("Machine", header, ["processors", navigator.hardwareConcurrency]);
say("Machine", header, ["Deno", Deno.version.deno]);
