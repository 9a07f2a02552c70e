/**
 * Does looking help? Prompts of three and four objects (tests/composition.json), drawn from the plain prompt and from the rules
 * planner's plan, each as it is, as the best of four, and mended in up to three rounds. `deno task bench loop [--every N] [--write]`
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
import { writeSection } from "./section.ts";
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
  const { values } = parseArgs({
    args,
    options: { every: { type: "string", default: "1" }, write: { type: "boolean" } },
  });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(new URL("../tests/composition.json", import.meta.url)));
  const chosen = tasks.filter(({ objects }) => objects.length > 2).filter((_, i) => i % Number(values.every) === 0);
  const [judge, detector] = [await miniJudge(), await Detector.load()];
  using model = await loadModel();
  const results: Outcome[] = [];
  for (const [k, { prompt, width, height, seed, objects }] of chosen.entries()) {
    for (const [way, { planned, ...options }] of Object.entries(WAYS)) {
      const plan = planned ? planByRules(prompt) : plainPlan(prompt, "bench");
      const drawing = await prepare(model, { plan, width, height, seed });
      const { result } = await drawAndMend(model, drawing, { judge, ...options });
      const { allRight } = score(objects, detector.look(result.image));
      results.push({ way, objects: objects.length, right: allRight, steps: result.timings.steps.length });
    }
    console.error(`${k + 1} of ${chosen.length} prompts\n${table(HEADER, tableOf(results))}`);
  }
  const rows = tableOf(results);
  console.log(`\nBundled model; pictures with all right, per cent with 95 % intervals\n\n${table(HEADER, rows)}`);
  if (values.write) await writeSection(PAGE, "loop", [[HEADER, rows]]);
}

interface Outcome {
  way: string;
  objects: number;
  right: boolean;
  steps: number;
}

const PAGE = new URL("../docs/editing.md", import.meta.url).pathname;
const HEADER = ["way", "prompts", "all right", "steps a picture"];

function tableOf(results: Outcome[]): string[][] {
  return Object.keys(WAYS).flatMap((way) =>
    [3, 4].flatMap((count) => {
      const list = results.filter((result) => result.way === way && result.objects === count);
      if (list.length === 0) return [];
      const { share, low, high } = interval(list.filter(({ right }) => right).length, list.length);
      const steps = list.reduce((sum, result) => sum + result.steps, 0) / list.length;
      const allRight = `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
      return [[`${way}, ${count} objects`, `${list.length}`, allRight, steps.toFixed(0)]];
    })
  );
}
