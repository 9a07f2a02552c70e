/**
 * `doctor` and `--list-devices`: what this machine has and lacks.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { type Device, listAdapters, mib, noAdapter, openDevice, type Precision } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import { add } from "../ops/elementwise.ts";
import { type Environment, isConfigured, readEnvironment } from "../plan/llm/endpoint.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";

/** Prints the adapters in the order that `--device` counts them. */
export async function listDevicesCommand({ flags, console }: Context): Promise<void> {
  const adapters = await listAdapters();
  if (adapters.length === 0) throw noAdapter();
  if (flags.json) return console.result(json({ devices: adapters }));
  const lines = adapters.map(({ name, software }, i) => `${i}  ${name}${software ? "  (computes on the CPU)" : ""}`);
  console.result(lines.join("\n"));
}

/** Opens the device, computes on it, and reports. Ends with GpuError where pictures cannot be made here. */
export async function doctorCommand({ flags, console }: Context): Promise<void> {
  using device = await openDevice(flags.device);
  const { limits } = device.gpu;
  const report = {
    runtime: `Deno ${Deno.version.deno} on ${Deno.build.os} ${Deno.build.arch}`,
    adapter: device.summary.name,
    kind: device.summary.software ? "software: computes on the CPU" : "GPU",
    largest_buffer: mib(device.maxBuffer),
    largest_binding: mib(device.maxBinding),
    largest_texture: `${limits.maxTextureDimension2D} × ${limits.maxTextureDimension2D}`,
    subgroups: device.subgroups ? "yes" : "no: workgroup memory is used instead",
    timestamps: device.timestamps ? "yes" : "no",
    f32: await selfTest(device, "f32"),
    f16: await selfTest(device, "f16"),
    language_model: languageModel(),
  };
  if (flags.json) console.result(json(report));
  else {
    const rows = Object.entries(report).map(([key, value]) => `${key.replaceAll("_", " ").padEnd(16)}${value}`);
    console.result(rows.join("\n"));
  }
  for (const precision of ["f32", "f16"] as const) {
    if (report[precision] === PASSED) continue;
    throw new GpuError(`${device.summary.name} computes wrong results in ${precision}: ${report[precision]}.`);
  }
}

const PASSED = "passed its self-test";

/** SiLU of a few numbers, stored in `precision`, against the same here. */
async function selfTest(device: Device, precision: Precision): Promise<string> {
  const values = [0, 1, -1, 0.1, 3.25, -7.5, 100, -0.001];
  const g = new Graph(device, "self-test", precision);
  const x = g.input("x", [1, values.length]);
  const y = g.output(add(g, x, undefined, { activation: "silu" }));
  const program = await g.compile();
  writeFloats(device, x, values);
  program.run();
  const results = await readFloats(device, y);
  program.destroy();
  const tolerance = precision === "f16" ? 2e-3 : 1e-5;
  const wrong = values.findIndex((v, i) => {
    const expected = v / (1 + Math.exp(-v));
    return !(Math.abs(results[i] - expected) <= tolerance * (1 + Math.abs(expected)));
  });
  return wrong < 0 ? PASSED : `SiLU of ${values[wrong]} came out as ${results[wrong]}`;
}

function languageModel(): string {
  const environment = readEnvironment();
  return isConfigured({}, environment)
    ? `configured by ${Object.keys(environment).filter((name) => environment[name as keyof Environment]).join(", ")}`
    : "none is configured (OPENAI_API_KEY or --llm-url); the rules planner serves";
}
