/**
 * Compiles every kernel of one SD 1.5 and one SDXL evaluation (512×512, guided: a batch of 2) and of the VAE decoder,
 * on the adapter that WebGPU shows first. Nothing runs. static.ts starts it under the stand-in for a Vulkan driver,
 * which writes what the driver made of each kernel to $SHIM_OUT; `uses.json` beside it says who uses what.
 *
 * Arguments: f16 or f32, "subgroup" or "workgroup", a pattern for the names of kernels, and variants of products and
 * of 3×3 convolutions to use, each may be empty.
 *
 * @module
 */
import { Device, openDevice, type Precision } from "../../src/gpu/device.ts";
import { type Dispatch, Graph } from "../../src/gpu/graph.ts";
import { pipelineFor, type Variant } from "../../src/gpu/kernel.ts";
import { vectorInputs } from "../../src/nn/backbone.ts";
import { readUNet } from "../../src/nn/unet.ts";
import { decode, readVaeConfig } from "../../src/nn/vae.ts";
import { Weights } from "../../src/nn/weights.ts";
import { FAMILIES, VAE } from "../full_size.ts";

/** One kernel of one network, and where it is used. */
export interface Use {
  part: "unet" | "vae" | "sdxl";
  kernel: string;
  dispatches: { workgroups: number; flops: number }[];
}

const [precision, lanes, pattern = ".", matmul, conv] = Deno.args as [Precision, string, string?, string?, string?];
const out = Deno.env.get("SHIM_OUT")!;
const opened = await openDevice();
if (opened.summary.software) throw new Error(`${opened.summary.name} is no GPU.`);
const device = new Device(opened.gpu, opened.summary, lanes === "subgroup", opened.timestamps, false);
if (matmul) device.forced.set("matmul", matmul);
if (conv) device.forced.set("conv3x3", conv);

/** The dispatches of one evaluation of a family's UNet for two pictures of 64 × 64 latents. */
function recordUNet(family: keyof typeof FAMILIES): readonly Dispatch[] {
  const backbone = readUNet({ ...FAMILIES[family].unet, layers_per_block: 2, in_channels: 4, out_channels: 4 });
  const g = new Graph(device, "unet", precision);
  const prompts = new Graph(device, "prompts", precision);
  const [entries, side, tokens] = [2, 64, 77];
  backbone.record(g, new Weights(device, precision, "unet"), {
    latents: g.input("latents", [entries, side, side, 4]),
    step: vectorInputs(g, backbone.stepVectors, entries),
    entry: vectorInputs(g, backbone.entryVectors, entries),
  }, {
    graph: prompts,
    context: prompts.input("context", [1, entries * tokens, backbone.contextDim]),
    map: (height, width) => ({
      regionOfRow: Array.from({ length: entries * height * width }, (_, i) => Math.floor(i / (height * width))),
      sights: Array.from({ length: entries }, (_, i) => ({ start: i * tokens, count: tokens })),
    }),
    keys: new Map(),
  });
  return g.dispatches;
}

/** The dispatches that decode one picture of 64 × 64 latents. */
function recordVae(): readonly Dispatch[] {
  const g = new Graph(device, "vae", precision);
  decode(g, new Weights(device, precision, "vae"), readVaeConfig(VAE), g.input("latents", [1, 64, 64, 4]));
  return g.dispatches;
}

/** Constants that follow from others or change the end of a kernel only: one pipeline stands for all their values. */
const ASIDE = ["NOW", "FULL", "LOADS", "W_LOADS", "SLOTS", "SHIFT", "ACTIVATION", "MORE", "JOINED", "SPLIT", "GATED"];

const uses = new Map<string, Use>();
const variants = new Map<string, Variant>();
for (
  const [part, dispatches] of [["unet", recordUNet("sd15")], ["vae", recordVae()], [
    "sdxl",
    recordUNet("sdxl"),
  ]] as const
) {
  for (const { kernel, constants = {}, grid, flops = 0 } of dispatches) {
    const telling = Object.entries(constants).filter(([constant, value]) =>
      value > 0 && !ASIDE.includes(constant) && !(constant === "PLANES" && value === constants.TAPS)
    );
    const name = [kernel.name, ...telling.map(([constant, value]) => `${constant.toLowerCase()} ${value}`)].join(", ");
    variants.set(name, { kernel, precision, constants });
    const key = `${part} ${name}`;
    if (!uses.has(key)) uses.set(key, { part, kernel: name, dispatches: [] });
    const workgroups = grid.reduce<number>((product, size) => product * (size ?? 1), 1);
    uses.get(key)!.dispatches.push({ workgroups, flops });
  }
}
for (const [name, variant] of variants) {
  if (!new RegExp(pattern).test(name)) continue;
  Deno.writeTextFileSync(`${out}/label`, `${name}\n`);
  await pipelineFor(device, variant);
}
Deno.writeTextFileSync(`${out}/uses.json`, JSON.stringify([...uses.values()], null, 1));
Deno.exit(0); // the stand-in cannot be torn down
