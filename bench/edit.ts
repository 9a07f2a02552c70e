/**
 * Do edits do what they say? One edit to each picture (replace, recolour, remove, add in turn; tests/composition.json
 * gives the scenes), with the operation and its words given, its place found by the picture's own plan, and the
 * detector as judge. And do contours by attention alone cover things? Those of all things that the detector sees in
 * these pictures. `deno task bench edit [--count 120] [--results FILE] [--save FOLDER] [--tasks FILE] [--model FOLDER]
 * [--write]`: a run goes on from `--results` where another was stopped, `--save` keeps all pictures, `--tasks` takes
 * other scenes, `--model` another edition of the bundled model (the judge stays), `--write` keeps docs/editing.md up to
 * date
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { edit, type Round } from "../src/edit.ts";
import { contour } from "../src/edit/contour.ts";
import type { Operation } from "../src/edit/operation.ts";
import { recolored } from "../src/edit/operation.ts";
import { paint } from "../src/generate.ts";
import { encodePng } from "../src/formats/png.ts";
import { Detector } from "../src/judge/detector.ts";
import { isFault, type Judge } from "../src/judge/judge.ts";
import { miniJudge } from "../src/judge/mini_judge.ts";
import type { Picture } from "../src/picture/picture.ts";
import { look, prepareLook } from "../src/pipeline/heat.ts";
import { identify } from "../src/model/identity.ts";
import { loadModel, type Model } from "../src/pipeline/model.ts";
import { parsePlan } from "../src/plan/parse_plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import type { Task } from "./composition.ts";
import { Lines } from "./lines.ts";
import { interval } from "./score.ts";
import { iou, silhouettes } from "./silhouette.ts";
import { writeSection } from "./section.ts";
import { spread } from "./spread.ts";
import { table } from "./table.ts";

const KINDS = ["replace", "recolor", "remove", "add"] as const;

/** What came of one edit. */
interface Outcome {
  prompt: string;
  seed: number;
  kind: Operation["kind"];
  /** After the first repaint, and after up to three. */
  done: [boolean, boolean];
  /** Whether all that was right before and should stay is right. */
  kept: [boolean, boolean];
  same: boolean;
  steps: number;
  /** IoU of each thing's contour by attention with its silhouette, in the picture before. */
  overlaps: number[];
}

/** Draws, edits, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: "string", default: "120" },
      tasks: { type: "string", default: new URL("../tests/composition.json", import.meta.url).pathname },
      results: { type: "string" },
      save: { type: "string" },
      model: { type: "string" },
      write: { type: "boolean" },
    },
  });
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(values.tasks));
  const chosen = spread(tasks).slice(0, Number(values.count));
  const [judge, detector] = [await miniJudge(), await Detector.load()];
  // What the scenes hold is what edits put in, too: all editions of the model know it.
  const asked = new Set(tasks.flatMap(({ objects }) => objects.flatMap(({ name, colour }) => [name, colour])));
  const [concepts, colours] = [detector.concepts, detector.colours].map((words) => words.filter((w) => asked.has(w)));
  if (values.save) await Deno.mkdir(values.save, { recursive: true });
  using model = await loadModel(values.model);
  const results = await Lines.open<Outcome>(values.results, (await identify(model.checkpoint)).hash);
  for (const [k, task] of chosen.entries()) {
    const kind = KINDS[k % KINDS.length];
    if (results.rows.some(({ prompt, seed }) => prompt === task.prompt && seed === task.seed)) continue;
    const { plan, operation } = editOf(task, kind, k, concepts, colours);
    const { width, height, seed } = task;
    const { image } = await paint(model, { plan, width, height, seed });
    const rounds = await Array.fromAsync(
      edit(model, image, [operation], { plan, judge, settings: { seed: seed + 1000 } }),
    );
    const overlaps = await contoursIn(image, plan, task, model, detector);
    const outcome = { prompt: task.prompt, seed, ...await outcomeOf(kind, image, rounds, judge), overlaps };
    await results.add(outcome);
    if (values.save) await save(values.save, k, { kind, operation, outcome, image, rounds });
    if (k % 4 < 3) continue;
    const tables = tablesOf(results.rows);
    console.error(
      [`${k + 1} of ${chosen.length} edits`, ...tables.map(([head, rows]) => table(head, rows))].join("\n"),
    );
    if (values.write) await writeSection(PAGE, "edits", tables);
  }
  console.log("\nBundled model; per cent with 95 % intervals, judged by the detector");
  for (const [head, rows] of tablesOf(results.rows)) console.log(`\n${table(head, rows)}`);
}

function tablesOf(outcomes: readonly Outcome[]) {
  return [[HEADER, tableOf(outcomes)], [CONTOURS, contourRows(outcomes.flatMap(({ overlaps }) => overlaps))]] as const;
}

/** IoU of each thing's contour by attention, without a box, with its silhouette; 0 where there is no contour. */
async function contoursIn(image: Picture, plan: Plan, task: Task, model: Model, detector: Detector): Promise<number[]> {
  const shapes = silhouettes(image, detector, task.objects.map(({ name }) => name));
  const asked = task.objects.filter(({ name }) => shapes.has(name));
  const phrases = asked.map(({ name, colour }) => colour ? `${colour} ${name}` : name);
  if (asked.length === 0) return [];
  const { maps, ...size } = await look(model, await prepareLook(model, image, plan.prompt, phrases));
  return asked.map(({ name }, i) => {
    const mask = contour({ ...size, values: maps[i] }, image);
    return mask ? iou(mask, shapes.get(name)!) : 0;
  });
}

const CONTOURS = ["contours by attention alone", "things", "IoU ≥ 0.5", "mean IoU"];

function contourRows(overlaps: readonly number[]): string[][] {
  if (overlaps.length === 0) return [];
  const { share, low, high } = interval(overlaps.filter((iou) => iou >= 0.5).length, overlaps.length);
  const mean = overlaps.reduce((sum, iou) => sum + iou, 0) / overlaps.length;
  const cells = [`${overlaps.length}`, `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`, mean.toFixed(2)];
  return [["of all things seen", ...cells]];
}

/** The picture before, what was painted, and a line of JSON on what came of it. */
async function save(
  folder: string,
  k: number,
  { kind, operation, outcome, image, rounds }: {
    kind: Operation["kind"];
    operation: Operation;
    outcome: Outcome;
    image: Picture;
    rounds: Round[];
  },
): Promise<void> {
  const name = `${folder}/${String(k).padStart(3, "0")}_${kind}`;
  await Deno.writeFile(`${name}_before.png`, encodePng(image));
  await Deno.writeFile(`${name}_after.png`, encodePng(rounds.at(-1)!.image));
  const looks = rounds.map(({ checklist, marks }) => checklist.map((check, i) => ({ ...check, ...marks?.[i] })));
  for (const [i, { mask, result }] of rounds.flatMap(({ attempts }) => attempts).entries()) {
    await Deno.writeFile(`${name}_${i + 1}.png`, encodePng(result.image));
    await Deno.writeFile(`${name}_${i + 1}_mask.png`, encodePng(mask));
  }
  const line = JSON.stringify({ k, operation, ...outcome, looks });
  await Deno.writeTextFile(`${folder}/outcomes.jsonl`, `${line}\n`, { append: true });
}

const PAGE = new URL("../docs/editing.md", import.meta.url).pathname;
const HEADER = ["edit", "pictures", "done, one repaint", "done, up to three", "rest kept", "same outside", "steps"];

function tableOf(outcomes: readonly Outcome[]): string[][] {
  const line = (name: string, list: readonly Outcome[]) => {
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

/**
 * The judge looks at each picture by itself: an edit knows that what it did not touch is as it was, and believes that.
 */
async function outcomeOf(kind: Operation["kind"], before: Picture, rounds: Round[], judge: Judge) {
  const [{ checklist }, last] = [rounds[0], rounds.at(-1)!];
  const looks = [before, rounds[1].attempts[0].result.image, last.image].map((picture) => judge(picture, checklist));
  const [first, single, final] = await Promise.all(looks);
  const kept = (marks: typeof first) => first.every((mark, i) => i === 0 || isFault(mark) || !isFault(marks[i]));
  const masks = rounds.flatMap(({ attempts }) => attempts.map(({ mask }) => mask));
  const same = before.data.every((value, i) =>
    value === last.image.data[i] || masks.some(({ data }) => data[i - i % 4] === 255)
  );
  return {
    kind,
    done: [!isFault(single[0]), !isFault(final[0])] satisfies Outcome["done"],
    kept: [kept(single), kept(final)] satisfies Outcome["kept"],
    same,
    steps: last.steps,
  };
}
