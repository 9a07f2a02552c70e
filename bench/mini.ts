/**
 * The bundled model: time to load, milliseconds per step, memory, and what regions cost over a plain prompt.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../src/assets.ts";
import { paint } from "../src/generate.ts";
import { loadModel, type Model } from "../src/pipeline/model.ts";
import { planFromRegions } from "../src/plan/from_regions.ts";
import { plainPlan, type Plan } from "../src/plan/plan.ts";
import type { RegionMode } from "../src/region/mode.ts";
import { table } from "./table.ts";

const STEPS = 8;
/** Room for eight regions that the model can draw in. */
const SIZE = { width: 512, height: 256 };

const PLANS: Record<string, Plan> = {
  plain: plainPlan("a red apple", "bench"),
  "2 regions": planOf("1,1", 2, "attention"),
  "4 regions": planOf("1,1,1,1", 4, "attention"),
  "8 regions": planOf("1,1,1,1,1;1,1,1,1,1", 8, "attention"),
  "2 canvases": planOf("1,1", 2, "canvas"),
  "8 canvases": planOf("1,1,1,1,1;1,1,1,1,1", 8, "canvas"),
};

/** Regions alone: the model's own base ratio would draw the whole picture besides. */
function planOf(splitRatio: string, count: number, mode: RegionMode): Plan {
  const regions = Array.from({ length: count }, (_, i) => i % 2 ? "a blue car" : "a red apple");
  return { ...planFromRegions({ regions, splitRatio, mode }), baseRatio: 0 };
}

/** Seconds of the median step, after the first. */
async function stepSeconds(model: Model, plan: Plan): Promise<{ median: number; peakBytes: number }> {
  const { timings, memory } = await paint(model, { plan, ...SIZE, steps: STEPS });
  const steps = timings.steps.slice(1).sort((a, b) => a - b);
  return { median: steps[Math.floor(steps.length / 2)], peakBytes: memory.peakBytes };
}

/** Prints the table. */
export async function run(): Promise<void> {
  const start = performance.now();
  using model = await loadModel(BUNDLED_MODEL);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `\nBundled model loaded in ${seconds.toFixed(2)} s, ${(model.weightsBytes / 2 ** 20).toFixed(0)} MiB of weights`,
  );
  const names = Object.keys(PLANS);
  for (const plan of Object.values(PLANS)) await stepSeconds(model, plan); // compiles
  const shortest = Object.fromEntries(names.map((name) => [name, Infinity]));
  let peak = 0;
  // In turns, so that whatever else the machine does meets all alike.
  for (let round = 0; round < 3; round++) {
    for (const [name, plan] of Object.entries(PLANS)) {
      const { median, peakBytes } = await stepSeconds(model, plan);
      shortest[name] = Math.min(shortest[name], median);
      peak = peakBytes;
    }
  }
  const rows = names.map((name) => [
    name,
    (1000 * shortest[name]).toFixed(1),
    `${(shortest[name] / shortest.plain).toFixed(2)}×`,
  ]);
  console.log(`${SIZE.width}×${SIZE.height}, peak device memory ${(peak / 2 ** 20).toFixed(0)} MiB\n`);
  console.log(table(["plan", "ms per step", "of plain"], rows));
}
