/**
 * Does planning help? 200 prompts of two to four objects with colours and places (tests/composition.json), drawn by the
 * bundled model from the plain prompt and from the rules planner's plan with the same seeds and steps, and scored by a
 * detector. `deno task bench composition [--every N] [--ablate-every N] [--html FILE]`
 *
 * The first two are drawn from every N-th prompt (default: all), the ablations from every 4th unless told. The page is numbered, so
 * that none is overwritten.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { UsageError } from "../src/errors.ts";
import { paint } from "../src/generate.ts";
import { checkNewFile, writeNewFile } from "../src/files/new_file.ts";
import { encodePng } from "../src/formats/png.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { Detector } from "../src/judge/detector.ts";
import { plainPlan, type Plan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import { REGION_MODES, type RegionMode } from "../src/region/mode.ts";
import { reportPage, type Row } from "./composition_page.ts";
import { type Asked, interval, type Score, score } from "./score.ts";
import { table } from "./table.ts";

/** A prompt with what must be seen. */
export interface Task {
  prompt: string;
  seed: number;
  width: number;
  height: number;
  /** Holds a pair that training never showed. */
  held_out: boolean;
  objects: Asked[];
}

type Variant = (plan: Plan) => Plan;

const MAIN: Record<string, Variant> = {
  "plain prompt": ({ prompt }) => plainPlan(prompt, "bench"),
  "planned regions": (plan) => plan,
};
const base = (mode: RegionMode, baseRatio: number): Variant => (plan) => ({
  ...plan,
  mode,
  basePrompt: plan.prompt,
  baseRatio,
});
const RATIOS: Record<RegionMode, number[]> = {
  attention: [0, 0.2, 0.4, 0.6, 0.8],
  latent: [0, 0.4, 0.6],
  canvas: [0, 0.2, 0.4, 0.6, 0.8],
};
const ABLATIONS: Record<string, Variant> = Object.fromEntries(
  REGION_MODES.flatMap((mode) => RATIOS[mode].map((ratio) => [`${mode}, base ratio ${ratio}`, base(mode, ratio)])),
);

/** Draws, scores, prints the tables and writes the page. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      every: { type: "string", default: "1" },
      "ablate-every": { type: "string", default: "4" },
      html: { type: "string", default: "composition_%03d.html" },
    },
  });
  const stride = (name: "every" | "ablate-every") => {
    const n = Number(values[name]);
    if (!Number.isInteger(n) || n < 1) {
      throw new UsageError(`--${name} takes a whole number from 1, not "${values[name]}".`);
    }
    return n;
  };
  const [every, ablateEvery] = [stride("every"), stride("ablate-every")];
  const page = { pattern: values.html };
  await checkNewFile(page);
  const tasks: Task[] = JSON.parse(await Deno.readTextFile(new URL("../tests/composition.json", import.meta.url)));
  const detector = await Detector.load();
  const model = await loadModel();
  const rows: Row[] = [];
  for (const [k, task] of tasks.entries()) {
    const variants = { ...k % every ? {} : MAIN, ...k % ablateEvery ? {} : { ...MAIN, ...ABLATIONS } };
    for (const [variant, change] of Object.entries(variants)) {
      const { width, height, seed } = task;
      const { image } = await paint(model, { plan: change(planByRules(task.prompt)), width, height, seed });
      const found = detector.look(image);
      rows.push({ task, variant, png: encodePng(image), found, score: score(task.objects, found) });
    }
    if (k % 10 === 9) console.error(`${k + 1} of ${tasks.length} prompts`);
  }
  const { steps, cfgScale } = model.checkpoint.preset;
  model.close();
  console.log(`\nBundled model, ${steps} steps, guidance ${cfgScale}; per cent with 95 % intervals\n`);
  const shared = (list: Row[]) => list.filter(({ task }) => tasks.indexOf(task) % ablateEvery === 0);
  console.log(summary(rows.filter(({ variant }) => variant in MAIN), SUBSETS));
  console.log(`\nOf the prompts that all variants were drawn from:\n\n${summary(shared(rows), ALL)}`);
  const path = await writeNewFile(page, new TextEncoder().encode(reportPage(rows, Object.keys(MAIN))));
  console.log(`\nSide by side: ${path}`);
}

const COLUMNS: Record<string, (scores: Score[]) => [hits: number, total: number]> = {
  object: (s) => [sum(s, (x) => x.object), sum(s, (x) => x.objects)],
  colour: (s) => [sum(s, (x) => x.colour), sum(s, (x) => x.coloured)],
  place: (s) => [sum(s, (x) => x.place), sum(s, (x) => x.objects)],
  "all right": (s) => [sum(s, (x) => Number(x.allRight)), s.length],
};

type Subset = [label: string, belongs: (row: Row) => boolean];

const ALL: Subset[] = [["", () => true]];
const SUBSETS: Subset[] = [
  ...ALL,
  ...[2, 3, 4].map((n): Subset => [`, ${n} objects`, ({ task }) => task.objects.length === n]),
  [", unseen pairs", ({ task }) => task.held_out],
];

/** One line for each variant and subset. */
function summary(rows: Row[], subsets: Subset[]): string {
  const variants = [...new Set(rows.map(({ variant }) => variant))];
  const lines = variants.flatMap((variant) =>
    subsets.flatMap(([label, belongs]) => {
      const scores = rows.filter((row) => row.variant === variant && belongs(row)).map((row) => row.score);
      if (scores.length === 0) return [];
      const cells = Object.values(COLUMNS).map((count) => {
        const { share, low, high } = interval(...count(scores));
        return `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
      });
      return [[variant + label, `${scores.length}`, ...cells]];
    })
  );
  return table(["variant", "prompts", ...Object.keys(COLUMNS)], lines);
}

function sum(scores: Score[], of: (score: Score) => number): number {
  return scores.reduce((total, s) => total + of(s), 0);
}
