/**
 * Which machine this is, and all that WebGPU says of its GPU.
 *
 * @module
 */
import { listAdapters, openDevice } from "../../src/gpu/device.ts";
import { firstLine, firstOutputLine, say } from "./rows.ts";

const tell = (what: string, value: string | number) => say("Machine", ["", ""], [what, value]);
tell("Deno", `${Deno.version.deno}, ${Deno.build.target}`);
tell("processors", navigator.hardwareConcurrency);
const query = ["--query-gpu=name,driver_version,memory.total,clocks.max.sm", "--format=csv,noheader"];
tell("nvidia-smi", await firstOutputLine("nvidia-smi", ...query));
for (const name of ["VK_DRIVER_FILES", "LD_LIBRARY_PATH", "XDG_CACHE_HOME"]) tell(name, Deno.env.get(name) ?? "");
for (const [i, { name, vendor, driver, software }] of (await listAdapters()).entries()) {
  tell(`adapter ${i}`, `${name}; ${vendor}; ${driver}${software ? "; computes on the CPU" : ""}`);
}

/**
 * What kernels may be made of one day, under the names that implementations gave it: asking is the only way to know.
 */
const ASKED = [
  "shader-f16",
  "subgroups",
  "timestamp-query",
  "timestamp-query-inside-passes",
  "mappable-primary-buffers",
  "immediates",
  "shader-f64",
  "shader-i16",
  "passthrough-shaders",
  "cooperative-matrix",
  "wgpu-cooperative-matrix",
  "chromium-experimental-subgroup-matrix",
];
const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
if (adapter) {
  const { info } = adapter;
  const fields = ["vendor", "architecture", "device", "description", "subgroupMinSize", "subgroupMaxSize"];
  tell("info", fields.map((name) => `${name} ${info[name as keyof GPUAdapterInfo]}`).join("; "));
  tell("features", [...adapter.features].join(", "));
  const limits: string[] = [];
  for (const name in adapter.limits) limits.push(`${name} ${adapter.limits[name as keyof GPUSupportedLimits]}`);
  tell("limits", limits.join(", "));
}
for (const feature of ASKED) {
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    const device = await adapter!.requestDevice({ requiredFeatures: [feature as GPUFeatureName] });
    tell(`asking for ${feature}`, "granted");
    device.destroy();
  } catch (error) {
    tell(`asking for ${feature}`, firstLine(error));
  }
}
using device = await openDevice();
tell("class of kernels", device.kind);
tell("timestamp queries", device.timestamps ? "yes" : "no");
tell("features of the device", [...device.gpu.features].join(", "));
tell(
  "largest buffer, binding",
  `${(device.maxBuffer / 2 ** 20).toFixed(0)}, ${(device.maxBinding / 2 ** 20).toFixed(0)} MiB`,
);
