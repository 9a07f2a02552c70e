/**
 * Does looking help? Prompts of three and four objects (tests/composition.json), drawn from the rules planner's plan and from the
 * plain prompt, each as it is, as the best of four, and mended in up to three rounds.
 * `deno task bench loop [--count 120] [--plain-every 1] [--write]`; `--write` keeps docs/editing.md up to date after every prompt
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { drawAndMend, type LoopOptions } from "../src/closed_loop.ts";
import { Detector } from "../src/judge/detector.ts";
import { isFault } from "../src/judge/judge.ts";
import { miniJudge } from "../src/judge/mini_judge.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { plainPlan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import type { Task } from "./composition.ts";
import { interval, score } from "./score.ts";
import { writeSection } from "./section.ts";
import { spread } from "./spread.ts";
import { table } from "./table.ts";

/** The first of each is what the others begin with. */
const WAYS: Record<string, Omit<LoopOptions, "judge">> = {
  "": {},
  ", best of 4": { bestOf: 4 },
  ", 3 rounds": { rounds: 3 },
  ", best of 4, 3 rounds": { bestOf: 4, rounds: 3 },
};

/** Draws, scores, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: "string", default: "120" },
      "plain-every": { type: "string", default: "1" },
      write: { type: "boolean" },
    },
  });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(new URL("../tests/composition.json", import.meta.url)));
  const chosen = spread(tasks.filter(({ objects }) => objects.length > 2)).slice(0, Number(values.count));
  const [judge, detector] = [await miniJudge(), await Detector.load()];
  using model = await loadModel();
  const results: Outcome[] = [];
  for (const [k, { prompt, width, height, seed, objects }] of chosen.entries()) {
    const plans = { planned: planByRules(prompt), plain: plainPlan(prompt, "bench") };
    for (const [drawn, plan] of Object.entries(plans)) {
      if (drawn === "plain" && k % Number(values["plain-every"])) continue;
      const drawing = await prepare(model, { plan, width, height, seed });
      let outcome: Pick<Outcome, "right" | "steps"> & { fine: boolean } | undefined;
      for (const [way, options] of Object.entries(WAYS)) {
        // Where the first picture is all right to the judge, it is what every way ends with.
        if (!outcome?.fine) {
          const { result, marks } = await drawAndMend(model, drawing, { judge, ...options });
          const { allRight } = score(objects, detector.look(result.image));
          const fine = outcome === undefined && !marks.some(isFault);
          outcome = { right: allRight, steps: result.timings.steps.length, fine };
        }
        results.push({ way: `${drawn}${way}`, objects: objects.length, right: outcome.right, steps: outcome.steps });
      }
    }
    const rows = tableOf(results);
    console.error(`${k + 1} of ${chosen.length} prompts\n${table(HEADER, rows)}`);
    if (values.write) await writeSection(PAGE, "loop", [[HEADER, rows]]);
  }
  console.log(
    `\nBundled model; pictures with all right, per cent with 95 % intervals\n\n${table(HEADER, tableOf(results))}`,
  );
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
  const ways = ["planned", "plain"].flatMap((drawn) => Object.keys(WAYS).map((way) => `${drawn}${way}`));
  return ways.flatMap((way) =>
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
