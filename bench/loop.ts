/**
 * Does looking help? Prompts of three and four objects (tests/composition.json), drawn from the rules planner's plan
 * and from the plain prompt, each as it is, as the best of four, and mended in up to three rounds.
 * `deno task bench loop [--count 120] [--plain-every 1] [--results FILE] [--save FOLDER] [--tasks FILE]
 * [--model FOLDER] [--write]`: a run goes on from `--results` where another was stopped, `--save` keeps reports of what
 * went wrong, `--tasks` takes other scenes, `--model` another edition of the bundled model (the judge stays), `--write`
 * keeps docs/editing.md up to date after every prompt
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { drawingReport } from "../src/cli/report.ts";
import { reportPage } from "../src/cli/report_page.ts";
import { drawBest, type Looked, mendBest } from "../src/closed_loop.ts";
import { encodePng } from "../src/formats/png.ts";
import { Detector } from "../src/judge/detector.ts";
import { isFault } from "../src/judge/judge.ts";
import { miniJudge } from "../src/judge/mini_judge.ts";
import { identify } from "../src/model/identity.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { plainPlan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import type { Task } from "./composition.ts";
import { Lines } from "./lines.ts";
import { interval, score } from "./score.ts";
import { writeSection } from "./section.ts";
import { spread } from "./spread.ts";
import { table } from "./table.ts";

/** In this order, so that each begins with what one before it has drawn. */
const WAYS: Record<string, { bestOf: number; rounds: number }> = {
  "": { bestOf: 1, rounds: 0 },
  ", best of 4": { bestOf: 4, rounds: 0 },
  ", 3 rounds": { bestOf: 1, rounds: 3 },
  ", best of 4, 3 rounds": { bestOf: 4, rounds: 3 },
};

/** Of one prompt, drawn in all ways from one plan. */
interface Outcomes {
  prompt: string;
  seed: number;
  drawn: string;
  objects: number;
  /** By the ways' names. */
  ways: Record<string, { right: boolean; steps: number }>;
}

/** Draws, scores, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: "string", default: "120" },
      tasks: { type: "string", default: new URL("../tests/composition.json", import.meta.url).pathname },
      "plain-every": { type: "string", default: "1" },
      results: { type: "string" },
      save: { type: "string" },
      model: { type: "string" },
      write: { type: "boolean" },
    },
  });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(values.tasks));
  const chosen = spread(tasks.filter(({ objects }) => objects.length > 2)).slice(0, Number(values.count));
  const [judge, detector] = [await miniJudge(), await Detector.load()];
  if (values.save) await Deno.mkdir(values.save, { recursive: true });
  using model = await loadModel(values.model);
  const results = await Lines.open<Outcomes>(values.results, (await identify(model.checkpoint)).hash);
  for (const [k, { prompt, width, height, seed, objects }] of chosen.entries()) {
    const plans = { planned: planByRules(prompt), plain: plainPlan(prompt, "bench") };
    for (const [drawn, plan] of Object.entries(plans)) {
      if (drawn === "plain" && k % Number(values["plain-every"])) continue;
      if (results.rows.some((row) => row.prompt === prompt && row.seed === seed && row.drawn === drawn)) continue;
      const drawing = await prepare(model, { plan, width, height, seed });
      const bests = new Map<number, Looked>();
      const ways: Outcomes["ways"] = {};
      for (const [way, { bestOf, rounds }] of Object.entries(WAYS)) {
        const first = bests.get(1);
        // Where the first picture is all right to the judge, it is the best of any number.
        const best = bests.get(bestOf) ?? (first && !first.marks.some(isFault) ? first : undefined) ??
          await drawBest(model, drawing, { judge, bestOf });
        bests.set(bestOf, best);
        const looked = best.marks.some(isFault)
          ? await mendBest(model, drawing, best, { judge, bestOf, rounds })
          : best;
        const { allRight: right } = score(objects, detector.look(looked.result.image));
        ways[way] = { right, steps: looked.result.timings.steps.length };
        if (values.save && !right) await save(`${values.save}/${k}_${drawn}${way.replaceAll(/\W+/g, "_")}`, looked);
      }
      await results.add({ prompt, seed, drawn, objects: objects.length, ways });
    }
    const rows = tableOf(results.rows);
    console.error(`${k + 1} of ${chosen.length} prompts\n${table(HEADER, rows)}`);
    if (values.write) await writeSection(PAGE, "loop", [[HEADER, rows]]);
  }
  console.log(
    `\nBundled model; pictures with all right, per cent with 95 % intervals\n\n${table(HEADER, tableOf(results.rows))}`,
  );
}

/** What went wrong, as a report and the picture. */
async function save(stem: string, looked: Looked): Promise<void> {
  await Deno.writeFile(`${stem}.png`, encodePng(looked.result.image));
  await Deno.writeTextFile(`${stem}.html`, reportPage(drawingReport(looked.result, "mini", looked)));
}

const PAGE = new URL("../docs/editing.md", import.meta.url).pathname;
const HEADER = ["way", "prompts", "all right", "steps a picture"];

function tableOf(results: readonly Outcomes[]): string[][] {
  return ["planned", "plain"].flatMap((drawn) =>
    Object.keys(WAYS).flatMap((way) =>
      [3, 4].flatMap((count) => {
        const list = results.filter((row) => row.drawn === drawn && row.objects === count).map(({ ways }) => ways[way]);
        if (list.length === 0) return [];
        const { share, low, high } = interval(list.filter(({ right }) => right).length, list.length);
        const steps = list.reduce((sum, { steps }) => sum + steps, 0) / list.length;
        const allRight = `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
        return [[`${drawn}${way}, ${count} objects`, `${list.length}`, allRight, steps.toFixed(0)]];
      })
    )
  );
}
