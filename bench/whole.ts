/**
 * Whole pictures of published size with random weights: `deno task bench whole [sd1] [sdxl] [--steps N] [--write]`. The
 * picture must be one, and memory what was planned. SD 1.5 is drawn at 512², SDXL at 1024².
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { RpgError } from "../src/errors.ts";
import { draw, toEnd } from "../src/generate.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { memoryNeed } from "../src/pipeline/memory.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { savePicture } from "../src/save_picture.ts";
import { benchFolder, type Published, randomModel } from "./random_model.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

const SIDE: Record<string, number> = { sd1: 512, sdxl: 1024 };
const TITLE: Record<string, string> = { sd1: "SD 1.5", sdxl: "SDXL" };
const GIB = 2 ** 30;

/** The most memory that this process ever held, in bytes; Linux alone tells. */
export async function mostResident(): Promise<number | undefined> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const kib = status.match(/VmHWM:\s+(\d+) kB/)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** Draws one picture and gives its row. @throws RpgError where it is no picture */
async function drawn(family: Published, steps: number): Promise<string[]> {
  const side = SIDE[family];
  const path = await randomModel(family);
  const started = performance.now();
  using model = await loadModel(path);
  const load = (performance.now() - started) / 1000;
  const prompt = "a lighthouse on a cliff, and a red boat on the sea";
  const drawing = await prepare(model, { prompt, negativePrompt: "blurry", width: side, height: side, steps, seed: 1 });
  const plan = memoryNeed(model, drawing);
  const result = await toEnd(draw(model, drawing), ({ step, steps, seconds }) => {
    console.error(`${TITLE[family]}: step ${step} of ${steps}, ${seconds.toFixed(1)} s`);
  });
  const { image, timings, memory } = result;
  const levels = image.data.filter((_, i) => i % 4 < 3);
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  const spread = Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length);
  if (spread < 1) throw new RpgError(`${TITLE[family]}: the picture is one flat colour (${mean.toFixed(0)}).`, 1);
  const file = await savePicture(`${await benchFolder("pictures")}/${family}_%03d.png`, result, model);
  console.error(`${file}: mean ${mean.toFixed(1)}, standard deviation ${spread.toFixed(1)} levels`);
  const sorted = timings.steps.slice(steps > 1 ? 1 : 0).toSorted((a, b) => a - b); // the first one compiles
  const resident = await mostResident();
  return [
    `${TITLE[family]}, ${side}²`,
    load.toFixed(0),
    timings.encode.toFixed(0),
    `${steps}`,
    sorted[Math.floor(sorted.length / 2)].toFixed(0),
    timings.decode.toFixed(0),
    (plan.peak / GIB).toFixed(2),
    (memory.peakBytes / GIB).toFixed(2),
    resident === undefined ? "" : (resident / GIB).toFixed(2),
  ];
}

const HEADER = [
  "picture",
  "load s",
  "encode s",
  "steps",
  "s a step",
  "decode s",
  "planned GiB",
  "on the device GiB",
  "process GiB",
];

/** Draws, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { steps: { type: "string", default: "4" }, write: { type: "boolean" } },
  });
  const families: string[] = positionals.length ? positionals : Object.keys(SIDE);
  const unknown = families.find((family) => !(family in SIDE));
  if (unknown) throw new RpgError(`There is no picture "${unknown}". Choose of: ${Object.keys(SIDE).join(", ")}.`, 2);
  const rows: string[][] = [];
  for (const family of families) rows.push(await drawn(family as Published, Number(values.steps)));
  console.log(table(HEADER, rows));
  if (values.write) await writeSection("docs/speed.md", "bench:whole", [[HEADER, rows]]);
}
