/**
 * `deno task bench scale [pixels] [regions] [pictures] [upscaler] [--write]`: how a step's time grows with the picture,
 * with its regions and with what steers it, and what an upscaler does in a second. `--write` puts the tables into
 * docs/speed.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { RpgError } from "../src/errors.ts";
import { paint } from "../src/generate.ts";
import { filled, type Picture } from "../src/picture/picture.ts";
import { loadModel, type Model } from "../src/pipeline/model.ts";
import { Upscaler } from "../src/pipeline/upscaler.ts";
import { plainPlan, type Plan } from "../src/plan/plan.ts";
import type { GenerateOptions } from "../src/settings.ts";
import { jsonOf } from "./child.ts";
import { python } from "./peers.ts";
import { randomControlNet, randomModel, randomUpscaler } from "./random_model.ts";
import { regional } from "./regional.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

type Table = readonly [header: readonly string[], rows: readonly (readonly string[])[]];

/** Seconds of the fastest step; the first one warms up where there are several. */
async function step(model: Model, options: GenerateOptions): Promise<number> {
  const { steps } = (await paint(model, { seed: 1, ...options })).timings;
  return Math.min(...steps);
}

/** The fastest step of each in several rounds, so that whatever else the machine does meets all alike. */
async function steps(model: Model, asked: Record<string, GenerateOptions>, rounds: number) {
  const fastest = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, options] of Object.entries(asked)) {
      fastest.set(name, Math.min(fastest.get(name) ?? Infinity, await step(model, options)));
    }
  }
  return fastest;
}

/** β of t = α·nᵝ, by least squares on logarithms. */
export function exponent(points: readonly (readonly [n: number, t: number])[]): number {
  const [xs, ys] = [0, 1].map((i) => points.map((point) => Math.log(point[i])));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, value, i) => sum + (value - x) * (ys[i] - y), 0);
  return covariance / xs.reduce((sum, value) => sum + (value - x) ** 2, 0);
}

async function pixels(): Promise<Table> {
  using model = await loadModel();
  const sides = [256, 384, 512, 768, 1024];
  const options = (side: number) => ({ prompt: "a red apple", width: side, height: side, steps: 2 });
  const fastest = await steps(model, Object.fromEntries(sides.map((side) => [`${side}²`, options(side)])), 2);
  const points = sides.map((side) => [side * side, fastest.get(`${side}²`)!] as const);
  const rows = points.map(([n, t], i) => [
    `${sides[i]}²`,
    (1000 * t).toFixed(0),
    (1e6 * t / n).toFixed(2),
    i ? exponent(points.slice(i - 1, i + 1)).toFixed(2) : "",
  ]);
  rows.push(["all", "", "", exponent(points).toFixed(2)]);
  return [["bundled model, guided", "ms a step", "µs a pixel", "exponent"], rows];
}

async function regions(): Promise<Table> {
  using model = await loadModel();
  const size = { width: 256, height: 256, steps: 8 };
  const plans: Record<string, Plan> = {
    plain: plainPlan("a red apple", "bench"),
    "2 regions": regional(2, 1),
    "4 regions": regional(2, 2),
    "8 regions": regional(4, 2),
    "16 regions": regional(4, 4),
  };
  const asked = Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, { plan, ...size }]));
  const fastest = await steps(model, asked, 12);
  const rows = [...fastest].map(([name, t]) => {
    return [name, (1000 * t).toFixed(0), `${(t / fastest.get("plain")!).toFixed(2)}×`];
  });
  return [["bundled model, 256²", "ms a step", "of plain"], rows];
}

async function pictures(): Promise<Table> {
  using model = await loadModel(await randomModel("sd1"));
  const side = 256;
  const initImage = filled(side, side, [90, 120, 200, 255]);
  const mask: Picture = filled(side, side, [0, 0, 0, 255]);
  mask.data.fill(255, 0, mask.data.length / 2);
  const plain = { prompt: "a red apple", width: side, height: side, steps: 2, cfgScale: 1 };
  const control = { model: await randomControlNet("sd1"), image: initImage };
  const asked: Record<string, GenerateOptions> = {
    plain,
    "from a picture": { ...plain, initImage, strength: 1 },
    "with a mask": { ...plain, initImage, mask, strength: 1 },
    "with a ControlNet": { ...plain, controlNets: [control] },
    "with two ControlNets": { ...plain, controlNets: [control, control] },
  };
  const fastest = await steps(model, asked, 2);
  const rows = [...fastest].map(([name, t]) => {
    return [name, t.toFixed(2), `${(t / fastest.get("plain")!).toFixed(2)}×`];
  });
  return [[`SD 1.5, random weights, ${side}²`, "s a step", "of plain"], rows];
}

async function upscaler(): Promise<Table> {
  const side = 64;
  const file = await randomUpscaler(23);
  const picture = filled(side, side, [128, 128, 128, 255]);
  using ours = await Upscaler.open(file);
  let seconds = Infinity, mean = 0, peer = Infinity;
  const interpreter = await python();
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    const { data } = await ours.upscale(picture);
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
    mean = data.reduce((sum, level, i) => i % 4 < 3 ? sum + level : sum, 0) / (data.length * 3 / 4);
    const args = [new URL("peers/torch_upscaler.py", import.meta.url).pathname, file, `${side}`, "2"];
    const theirs = await jsonOf<{ seconds: number; mean: number }>(interpreter, args);
    peer = Math.min(peer, theirs.seconds);
    if (Math.abs(theirs.mean - mean) > 2) {
      throw new RpgError(`The enlarged pictures differ: their means are ${mean.toFixed(1)} and ${theirs.mean}.`, 1);
    }
  }
  const rate = (t: number) => (side * side / 1000 / t).toFixed(2);
  const row = [`${side}² → ${4 * side}²`, rate(seconds), rate(peer), `${(seconds / peer).toFixed(2)}×`];
  return [["Real-ESRGAN x4plus", "ours, kpixel/s read", "torch f32, kpixel/s read", "time, ours / torch"], [row]];
}

const PARTS: Record<string, () => Promise<Table>> = { pixels, regions, pictures, upscaler };

/** Prints the tables. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { write: { type: "boolean" } } });
  const unknown = positionals.find((name: string) => !(name in PARTS));
  if (unknown) throw new RpgError(`There is no part "${unknown}". Choose of: ${Object.keys(PARTS).join(", ")}.`, 2);
  for (const name of positionals.length ? positionals : Object.keys(PARTS)) {
    const [header, rows] = await PARTS[name]();
    console.log(`\n${table([...header], rows.map((row) => [...row]))}`);
    if (values.write) await writeSection("docs/speed.md", `bench:scale ${name}`, [[header, rows]]);
  }
}
