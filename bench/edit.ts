/**
 * Do edits do what they say? One edit to each picture (replace, recolour, remove, add in turn; tests/composition.json gives the
 * scenes), with the operation and its words given, its place found by the picture's own plan, and the detector as judge.
 * `deno task bench edit [--every N] [--write]`; `--write` puts the table into docs/editing.md
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { edit, type Round } from "../src/edit.ts";
import type { Operation } from "../src/edit/operation.ts";
import { recolored } from "../src/edit/operation.ts";
import { paint } from "../src/generate.ts";
import { Detector } from "../src/judge/detector.ts";
import { isFault } from "../src/judge/judge.ts";
import { miniJudge } from "../src/judge/mini_judge.ts";
import type { Picture } from "../src/picture/picture.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { parsePlan } from "../src/plan/parse_plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import type { Task } from "./composition.ts";
import { interval } from "./score.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

const KINDS = ["replace", "recolor", "remove", "add"] as const;

/** What came of one edit. */
interface Outcome {
  kind: Operation["kind"];
  /** After the first repaint, and after up to three. */
  done: [boolean, boolean];
  /** Whether all that was right before and should stay is right. */
  kept: [boolean, boolean];
  same: boolean;
  steps: number;
}

/** Draws, edits, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { every: { type: "string", default: "1" }, write: { type: "boolean" } },
  });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(new URL("../tests/composition.json", import.meta.url)));
  const chosen = tasks.filter((_, i) => i % Number(values.every) === 0).slice(0, 120);
  const [judge, { concepts, colours }] = [await miniJudge(), await Detector.load()];
  using model = await loadModel();
  const outcomes: Outcome[] = [];
  for (const [k, task] of chosen.entries()) {
    const kind = KINDS[k % KINDS.length];
    const { plan, operation } = editOf(task, kind, k, concepts, colours);
    const { width, height, seed } = task;
    const { image } = await paint(model, { plan, width, height, seed });
    const rounds = await Array.fromAsync(
      edit(model, image, [operation], { plan, judge, settings: { seed: seed + 1000 } }),
    );
    outcomes.push(outcomeOf(kind, image, rounds));
    if (k % 4 === 3) console.error(`${k + 1} of ${chosen.length} edits\n${table(HEADER, tableOf(outcomes))}`);
  }
  const rows = tableOf(outcomes);
  console.log(`\nBundled model; per cent with 95 % intervals, judged by the detector\n\n${table(HEADER, rows)}`);
  if (values.write) await writeSection(PAGE, "edits", [[HEADER, rows]]);
}

const PAGE = new URL("../docs/editing.md", import.meta.url).pathname;
const HEADER = ["edit", "pictures", "done, one repaint", "done, up to three", "rest kept", "same outside", "steps"];

function tableOf(outcomes: Outcome[]): string[][] {
  const line = (name: string, list: Outcome[]) => {
    const share = (of: (outcome: Outcome) => boolean) => {
      const { share, low, high } = interval(list.filter(of).length, list.length);
      return `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
    };
    return [
      name,
      `${list.length}`,
      share(({ done, kept }) => done[0] && kept[0]),
      share(({ done, kept }) => done[1] && kept[1]),
      share(({ kept }) => kept[1]),
      share(({ same }) => same),
      (list.reduce((sum, { steps }) => sum + steps, 0) / list.length).toFixed(0),
    ];
  };
  const rows = KINDS.map((kind) => line(kind, outcomes.filter((outcome) => outcome.kind === kind)));
  return [...rows.filter(([, count]) => count !== "0"), line("all", outcomes)];
}

/** The edit of a scene, the same in every run. What is added is what the scene was drawn without. */
function editOf(
  task: Task,
  kind: Operation["kind"],
  k: number,
  concepts: readonly string[],
  colours: readonly string[],
) {
  const plan = planByRules(task.prompt);
  const at = k % task.objects.length;
  const { name, colour } = task.objects[at];
  const object = `the ${name}`;
  const others = concepts.filter((concept) => task.objects.every((asked) => asked.name !== concept));
  const other = others[(k * 37) % others.length];
  const hue = colours.filter((word) => word !== colour)[(k * 5) % (colours.length - 1)];
  if (kind === "replace") return { plan, operation: { kind, object, words: recolored(other, hue) } };
  if (kind === "recolor") return { plan, operation: { kind, object, words: recolored(name, hue) } };
  if (kind === "remove") return { plan, operation: { kind, object } };
  const index = plan.regions.findIndex((cell) => "prompt" in cell && cell.prompt.includes(name));
  const words = recolored(name, hue);
  const without: Plan = parsePlan({
    ...plan,
    regions: plan.regions.map((cell, i) => i === index ? { prompt: "empty background" } : cell),
  });
  const { x, y } = task.objects[at];
  const side = (middle: number) => middle < 0.4 ? "first" : middle > 0.6 ? "last" : "middle";
  const place = [
    { first: "top", middle: "", last: "bottom" }[side(y)],
    { first: "left", middle: "", last: "right" }[side(x)],
  ];
  return {
    plan: without,
    operation: { kind, words: `${words} at the ${place.filter(Boolean).join(" ") || "centre"}` },
  };
}

function outcomeOf(kind: Operation["kind"], before: Picture, rounds: Round[]): Outcome {
  const [first, last] = [rounds[0].marks!, rounds.at(-1)!];
  const single = rounds[1].attempts[0].marks!;
  const kept = (marks: typeof first) => first.every((mark, i) => i === 0 || isFault(mark) || !isFault(marks[i]));
  const masks = rounds.flatMap(({ attempts }) => attempts.map(({ mask }) => mask));
  const same = before.data.every((value, i) =>
    value === last.image.data[i] || masks.some(({ data }) => data[i - i % 4] === 255)
  );
  return {
    kind,
    done: [!isFault(single[0]), !isFault(last.marks![0])],
    kept: [kept(single), kept(last.marks!)],
    same,
    steps: last.steps,
  };
}
