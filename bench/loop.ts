/**
 * Does looking help? Prompts of three and four objects (tests/composition.json), drawn from the plain prompt and from the rules
 * planner's plan, each as it is, as the best of four, and mended in up to three rounds. `deno task bench loop [--every N]`
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { drawAndMend } from "../src/closed_loop.ts";
import { Detector } from "../src/judge/detector.ts";
import { miniJudge } from "../src/judge/mini_judge.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { plainPlan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import type { Task } from "./composition.ts";
import { interval, score } from "./score.ts";
import { table } from "./table.ts";

const WAYS = {
  "plain": { planned: false },
  "plain, best of 4": { planned: false, bestOf: 4 },
  "plain, 3 rounds": { planned: false, rounds: 3 },
  "planned": { planned: true },
  "planned, best of 4": { planned: true, bestOf: 4 },
  "planned, 3 rounds": { planned: true, rounds: 3 },
};

/** Draws, scores, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { every: { type: "string", default: "1" } } });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(new URL("../tests/composition.json", import.meta.url)));
  const chosen = tasks.filter(({ objects }) => objects.length > 2).filter((_, i) => i % Number(values.every) === 0);
  const [judge, detector] = [await miniJudge(), await Detector.load()];
  using model = await loadModel();
  const results: { way: string; objects: number; right: boolean; steps: number }[] = [];
  for (const [k, { prompt, width, height, seed, objects }] of chosen.entries()) {
    for (const [way, { planned, ...options }] of Object.entries(WAYS)) {
      const plan = planned ? planByRules(prompt) : plainPlan(prompt, "bench");
      const drawing = await prepare(model, { plan, width, height, seed });
      const { result } = await drawAndMend(model, drawing, { judge, ...options });
      const { allRight } = score(objects, detector.look(result.image));
      results.push({ way, objects: objects.length, right: allRight, steps: result.timings.steps.length });
    }
    if (k % 5 === 4) console.error(`${k + 1} of ${chosen.length} prompts`);
  }
  const rows = Object.keys(WAYS).flatMap((way) =>
    [3, 4].map((count) => {
      const list = results.filter((result) => result.way === way && result.objects === count);
      const { share, low, high } = interval(list.filter(({ right }) => right).length, list.length);
      const steps = list.reduce((sum, result) => sum + result.steps, 0) / list.length;
      return [
        `${way}, ${count} objects`,
        `${list.length}`,
        `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`,
        steps.toFixed(0),
      ];
    })
  );
  console.log("\nBundled model; pictures with all right, per cent with 95 % intervals\n");
  console.log(table(["way", "prompts", "all right", "steps a picture"], rows));
}
