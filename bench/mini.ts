/**
 * The bundled model: time to load, milliseconds per step, memory, and what regions cost over a plain prompt.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../src/assets.ts";
import { generate } from "../src/generate.ts";
import { loadModel, type Model } from "../src/pipeline/model.ts";
import { planFromRegions } from "../src/plan/from_regions.ts";
import { plainPlan, type Plan } from "../src/plan/plan.ts";
import { table } from "./table.ts";

const STEPS = 8;

/** Seconds of the median step, after the first. */
async function stepSeconds(model: Model, plan: Plan): Promise<{ median: number; peakBytes: number }> {
  const run = generate(model, { plan, steps: STEPS });
  let next = await run.next();
  while (!next.done) next = await run.next();
  const steps = next.value.timings.steps.slice(1).sort((a, b) => a - b);
  return { median: steps[Math.floor(steps.length / 2)], peakBytes: next.value.memory.peakBytes };
}

function planOf(regions: number): Plan {
  if (regions === 1) return plainPlan("a red apple", "bench");
  return planFromRegions({ regions: Array.from({ length: regions }, (_, i) => i % 2 ? "a blue car" : "a red apple") });
}

/** Prints the table. */
export async function run(): Promise<void> {
  const start = performance.now();
  const model = await loadModel(BUNDLED_MODEL);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `\nBundled model loaded in ${seconds.toFixed(2)} s, ${(model.weightsBytes / 2 ** 20).toFixed(0)} MiB of weights`,
  );
  const counts = [1, 2, 4, 8];
  for (const count of counts) await stepSeconds(model, planOf(count)); // compiles
  const medians = new Map<number, number[]>(counts.map((count) => [count, []]));
  let peak = 0;
  // In turns, so that whatever else the machine does meets all alike.
  for (let round = 0; round < 3; round++) {
    for (const count of counts) {
      const { median, peakBytes } = await stepSeconds(model, planOf(count));
      medians.get(count)!.push(median);
      peak = peakBytes;
    }
  }
  const shortest = (count: number) => Math.min(...medians.get(count)!);
  const rows = counts.map((count) => [
    count === 1 ? "plain" : `${count} regions`,
    (1000 * shortest(count)).toFixed(1),
    `${(shortest(count) / shortest(1)).toFixed(2)}×`,
  ]);
  const { width, height } = model.checkpoint.preset;
  console.log(`${width}×${height}, peak device memory ${(peak / 2 ** 20).toFixed(0)} MiB\n`);
  console.log(table(["plan", "ms per step", "of plain"], rows));
  model.close();
  model.device.close();
}
