/**
 * A model of published size with random weights: load, step, decode, what regions cost, and what its kernels could be.
 *
 *     deno run -A model.ts sd1|sdxl FOLDER [--small]
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";
import { encodePng } from "../../src/formats/png.ts";
import { draw, type ImageResult, toEnd } from "../../src/generate.ts";
import { type Device, openDevice } from "../../src/gpu/device.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { loadModel, type Model } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { plainPlan, type Plan } from "../../src/plan/plan.ts";
import { type Published, randomModel } from "../random_model.ts";
import { regional } from "../regional.ts";
import { begin, duration, firstLine, firstOutputLine, say } from "./rows.ts";
import { traceStep } from "./trace_step.ts";

const [family, folder] = Deno.args as [Published, string];
const small = Deno.args.includes("--small");
const side = small ? 128 : family === "sdxl" ? 1024 : 512;
const title = `${family === "sdxl" ? "SDXL" : "SD 1.5"}, ${side}²`;
const HEADER = ["model, random weights, guided", "", ""];
const tell = (what: string, value: string, more = "") => say("Models", HEADER, [`${title}: ${what}`, value, more]);
const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

// The rehearsal takes the tests' tiny models: the way is the same.
const path = small
  ? new URL(`../../tests/golden/models/${family}`, import.meta.url).pathname
  : await randomModel(family);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** A model on a device of its own, and what loading it took. */
async function open(
  name: string,
  { forced = {}, type, tuned = false }: { forced?: Record<string, string>; type?: "f32"; tuned?: boolean } = {},
): Promise<{ device: Device; model: Model }> {
  const device = await openDevice();
  for (const [op, variant] of Object.entries(forced)) device.forced.set(op, variant);
  device.onCompile = ({ done, total }) => begin(`${name}: compiling ${done + 1} of ${total}`);
  begin(`${name}: loading`);
  const started = performance.now();
  const onMessage = (sentence: string) => tell(`said, ${name}`, sentence);
  const model = await loadModel(path, { device, type, noTune: !tuned, onMessage });
  await device.finished();
  const seconds = (performance.now() - started) / 1000;
  tell(`load, ${name}`, duration(seconds), `${(model.weightsBytes / 2 ** 20 / seconds).toFixed(0)} MiB/s`);
  return { device, model };
}

/** Draws once. @returns the result, its median step, and what memory was planned */
async function drawn(model: Model, plan: Plan, steps: number) {
  const drawing = await prepare(model, { plan, width: side, height: side, steps, cfgScale: 5, seed: 1 });
  const need = memoryNeed(model, drawing).peak;
  const result = await toEnd(draw(model, drawing));
  return { ...result, need, step: median(result.timings.steps.slice(1)) };
}

/** Mean and standard deviation of a picture's levels; one that is flat or black was not drawn. */
function levels({ image }: Pick<ImageResult, "image">): string {
  let [sum, squares, count] = [0, 0, 0];
  for (let i = 0; i < image.data.length; i++) {
    if (i % 4 === 3) continue;
    sum += image.data[i];
    squares += image.data[i] ** 2;
    count++;
  }
  const mean = sum / count, spread = Math.sqrt(Math.max(0, squares / count - mean ** 2));
  return `mean ${mean.toFixed(1)}, deviation ${spread.toFixed(1)}${spread < 1 ? ", FLAT" : ""}`;
}

/** PSNR of two pictures. */
function likeness(a: Uint8Array, b: Uint8Array): string {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
  return squares
    ? `picture ${(10 * Math.log10(255 ** 2 * a.length / squares)).toFixed(1)} dB from the first`
    : "the same";
}

const plain = plainPlan("a red apple", "bench");
const steps = small ? 3 : 8;
let first: Uint8Array | undefined;

/** Whatever fails is told, and the rest goes on. */
async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  begin(what);
  await work().catch((error) => tell(what, "FAILED", firstLine(error)));
}

await attempt("f16", async () => {
  const { device, model } = await open("f16");
  const compiled = await drawn(model, plain, 2);
  tell("compile, first time", duration(compiled.timings.compile), `first step ${duration(compiled.timings.steps[0])}`);
  device.peakBytes = device.allocatedBytes;
  const result = await drawn(model, plain, steps);
  first = result.image.data;
  const { step, timings, need } = result;
  tell("step", duration(step), `${timings.steps.length} steps ${duration(timings.steps.reduce((a, b) => a + b))}`);
  tell("decode", duration(timings.decode), levels(result));
  tell("memory on the device", gib(device.peakBytes), `planned ${gib(need)}`);
  const seen = await firstOutputLine("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader");
  tell("memory in use, says nvidia-smi", seen);
  if (family === "sdxl") {
    const bytes = encodePng(result.image, { Comment: `${title}, random weights` });
    await Deno.writeFile(join(folder, "sdxl.png"), bytes).catch(console.log);
  }
  for (const [name, plan] of [["8 regions", regional(4, 2)], ["16 regions", regional(4, 4)]] as const) {
    await attempt(name, async () => {
      const regions = await drawn(model, plan, Math.min(steps, 5));
      tell(`step, ${name}`, duration(regions.step), `${(regions.step / step).toFixed(2)}× of plain`);
    });
  }
  await attempt("trace", () => traceStep(model, () => drawn(model, plain, 2).then(() => {}), step, title, folder));
  model.close();
  device.close();
});

/** The same with other kernels or in f32. */
const others: Record<string, Parameters<typeof open>[1]> = family === "sdxl" ? {} : {
  "Winograd everywhere": { forced: { conv3x3: "winograd" } },
  "Winograd by 4×4 everywhere": { forced: { conv3x3: "winograd 4" } },
  "no Winograd": { forced: { conv3x3: "taps" } },
  ...small ? {} : { // tiles are a GPU's
    "sums in f32": { forced: { matmul: "tile 4 ahead" } },
    "sums in f16": { forced: { matmul: "tile 4 halfs ahead" } },
  },
  f32: { type: "f32" },
  "after trying the kernels": { tuned: true },
};
for (const [name, options] of Object.entries(others)) {
  await attempt(name, async () => {
    const { device, model } = await open(name, options);
    await drawn(model, plain, 2);
    const { step, timings, image } = await drawn(model, plain, steps);
    tell(`step, ${name}`, duration(step), first ? likeness(image.data, first) : "");
    tell(`decode, ${name}`, duration(timings.decode));
    model.close();
    device.close();
  });
}
Deno.exit(0);
