/**
 * Does planning help? 200 prompts of two to four objects with colours and places (tests/composition.json), drawn by the
 * bundled model from the plain prompt and from the rules planner's plan with the same seeds and steps, and scored by a
 * detector. `deno task bench composition [--every N] [--ablate-every N] [--only REGEX] [--results FILE] [--html FILE]
 * [--model FOLDER] [--write]`
 *
 * The plain prompt and the usual ways are drawn from every N-th prompt (default: all), then the ablations from every
 * 4th unless told. With a file of results a run that was stopped goes on where it was: what stands in the file is not
 * drawn again. The page is numbered, so that none is overwritten. `--counts` draws the prompts of counts.json instead,
 * which ask for several of a kind and say no places: by the planner's cells, and by a box for each. `--model` draws by
 * another edition of the bundled model, judged by the same detector. `--write` keeps the table of docs/regions.md up to
 * date.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { UsageError } from "../src/errors.ts";
import { paint } from "../src/generate.ts";
import { checkNewFile, writeNewFile } from "../src/files/new_file.ts";
import { encodePng } from "../src/formats/png.ts";
import { readPicture } from "../src/picture/read_picture.ts";
import { identify } from "../src/model/identity.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { Detector } from "../src/judge/detector.ts";
import { layoutOf } from "../src/plan/layout_of.ts";
import { plainPlan, type Plan, type PlanPhase, type Region, regionsOf } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import { REGION_MODES, type RegionMode } from "../src/region/mode.ts";
import { type Judged, reportPage } from "./composition_page.ts";
import { Results } from "./composition_results.ts";
import { type Asked, interval, type Placed, type Score, score } from "./score.ts";
import { type Seams, seams } from "./seams.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

/** A prompt with what must be seen. */
export interface Task<T extends Asked = Placed> {
  prompt: string;
  seed: number;
  width: number;
  height: number;
  /** Holds a pair that training never showed. */
  held_out: boolean;
  objects: T[];
}

type Variant = (plan: Plan) => Plan;

const base = (mode: RegionMode, baseRatio: number): Variant => (plan) => ({
  ...plan,
  mode,
  basePrompt: plan.prompt,
  baseRatio,
});
/** Bind mode spelt out, with a base ratio while binding besides. */
const bind = (share: number, refineRatio: number, bindRatio = 0): Variant => (plan) => {
  const phases: PlanPhase[] = [
    { mode: "canvas", share, baseRatio: bindRatio, prompts: "brief" },
    { mode: "attention", share: 1 - share, baseRatio: refineRatio },
  ];
  return { ...plan, basePrompt: plan.prompt, phases: phases.filter(({ share }) => share > 0) };
};
const MAIN: Record<string, Variant> = {
  "plain prompt": ({ prompt }) => plainPlan(prompt, "bench"),
  "canvas": base("canvas", 0.3),
  "attention": base("attention", 0.5),
  "bind": bind(0.3, 0.5),
};
const RATIOS: Record<RegionMode, number[]> = {
  attention: [0, 0.2, 0.4, 0.6, 0.8],
  latent: [0, 0.4, 0.6],
  canvas: [0, 0.2, 0.4, 0.6, 0.8],
};
const SHARES = [0.15, 0.4, 0.5, 0.7, 1];
const REFINE_RATIOS = [0, 0.3, 0.7, 1];
const ABLATIONS: Record<string, Variant> = Object.fromEntries([
  ...SHARES.map((share) => [`bind ${share}, refine ratio 0.5`, bind(share, 0.5)]),
  ...REFINE_RATIOS.map((ratio) => [`bind 0.4, refine ratio ${ratio}`, bind(0.4, ratio)]),
  ["bind 0.4 with base ratio 0.3, refine ratio 0.5", bind(0.4, 0.5, 0.3)],
  ...REGION_MODES.flatMap((mode) => RATIOS[mode].map((ratio) => [`${mode}, base ratio ${ratio}`, base(mode, ratio)])),
]);

/** The same regions in the middle of their cells, no higher than wide, and the whole prompt around them. */
const inBoxes = (plan: Plan): Plan => {
  const { cells } = layoutOf(plan);
  const boxed = regionsOf(plan).map((region, i): Region => {
    const { x0, x1, y0, y1 } = cells[i].rect;
    const spare = y1 - y0 === 1 ? 0.25 : 0;
    return { ...region, box: [x0, y0 + spare, x1, y1 - spare] };
  });
  return { ...plan, splitRatio: "1", regions: boxed };
};
const COUNTED: Record<string, Variant> = {
  "bind in boxes": (plan) => bind(0.3, 0.5)(inBoxes(plan)),
  "canvas in boxes": (plan) => base("canvas", 0.3)(inBoxes(plan)),
};

/** Draws, scores, prints the tables and writes the page. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      every: { type: "string", default: "1" },
      "ablate-every": { type: "string", default: "4" },
      only: { type: "string", default: "." },
      results: { type: "string" },
      counts: { type: "boolean" },
      html: { type: "string", default: "composition_%03d.html" },
      model: { type: "string" },
      write: { type: "boolean" },
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
  const only = new RegExp(values.only);
  const page = { pattern: values.html };
  await checkNewFile(page);
  const file = values.counts ? "counts.json" : "../tests/composition.json";
  const tasks: Task<Asked>[] = JSON.parse(await Deno.readTextFile(new URL(file, import.meta.url)));
  const others = values.counts ? COUNTED : ABLATIONS;
  const detector = await Detector.load();
  const model = await loadModel(values.model);
  const results = await Results.open(values.results, (await identify(model.checkpoint)).hash);
  const draw = async (variants: Record<string, Variant>, stride: number) => {
    for (const [k, task] of tasks.entries()) {
      if (k % stride) continue;
      const { prompt, width, height, seed } = task;
      const planned = planByRules(prompt);
      for (const [variant, change] of Object.entries(variants)) {
        if (!only.test(variant) || results.has(prompt, variant)) continue;
        const { image, timings } = await paint(model, { plan: change(planned), width, height, seed });
        const seconds = timings.steps.reduce((a, b) => a + b, 0);
        await results.add({ prompt, variant, png: encodePng(image), found: detector.look(image), seconds });
      }
      if (k % 10 === 0) console.error(`${k} of ${tasks.length} prompts`);
    }
  };
  await draw(MAIN, every);
  await draw({ ...MAIN, ...others }, ablateEvery);
  const rows: Judged[] = [];
  for (const { prompt, objects } of tasks) {
    const cells = layoutOf(planByRules(prompt)).cells.map(({ rect }) => rect);
    for (const row of results.rows.filter((row) => row.prompt === prompt && only.test(row.variant))) {
      const image = await readPicture(row.png, row.variant);
      rows.push({ ...row, score: score(objects, row.found), seams: seams(image, cells) });
    }
  }
  const { steps, cfgScale } = model.checkpoint.preset;
  model.close();
  console.log(`\nBundled model, ${steps} steps, guidance ${cfgScale}; per cent with 95 % intervals\n`);
  const subset = (belongs: (task: Task<Asked>, k: number) => boolean) =>
    new Set(tasks.filter(belongs).map((t) => t.prompt));
  const SUBSETS: Subset[] = [
    ["", subset(() => true)],
    ...[2, 3, 4].map((n): Subset => [`, ${n} objects`, subset(({ objects }) => objects.length === n)]),
    [", unseen pairs", subset(({ held_out }) => held_out)],
  ];
  const shared: Subset = ["", subset((_, k) => k % ablateEvery === 0)];
  const main = summary(rows.filter(({ variant }) => variant in MAIN), SUBSETS);
  console.log(table(HEADER, main));
  console.log(`\nOf every ${ablateEvery}th prompt:\n\n${table(HEADER, summary(rows, [shared]))}`);
  if (values.write && !values.counts) await writeSection(PAGE, "bench:composition", [[HEADER, main]]);
  const path = await writeNewFile(page, new TextEncoder().encode(reportPage(tasks, rows, Object.keys(MAIN))));
  console.log(`\nSide by side: ${path}`);
}

const COLUMNS: Record<string, (scores: (Score & Seams)[]) => [hits: number, total: number]> = {
  object: (s) => [sum(s, (x) => x.object), sum(s, (x) => x.objects)],
  colour: (s) => [sum(s, (x) => x.colour), sum(s, (x) => x.coloured)],
  place: (s) => [sum(s, (x) => x.place), sum(s, (x) => x.objects)],
  twice: (s) => [sum(s, (x) => x.twice), sum(s, (x) => x.objects)],
  "all right": (s) => [sum(s, (x) => Number(x.allRight)), s.length],
  seams: (s) => [sum(s, (x) => x.seams), sum(s, (x) => x.borders)],
  edges: (s) => [sum(s, (x) => x.edges), sum(s, (x) => x.borders)],
};

type Subset = [label: string, prompts: Set<string>];

const PAGE = new URL("../docs/regions.md", import.meta.url).pathname;
const HEADER = ["mode", "prompts", ...Object.keys(COLUMNS), "time"];

/** One line for each variant and subset. */
function summary(rows: Judged[], subsets: Subset[]): string[][] {
  const variants = [...new Set(rows.map(({ variant }) => variant))];
  return variants.flatMap((variant) =>
    subsets.flatMap(([label, prompts]) => {
      const own = rows.filter((row) => row.variant === variant && prompts.has(row.prompt));
      const scores = own.map(({ score, seams }) => ({ ...score, ...seams }));
      if (scores.length === 0) return [];
      const cells = Object.values(COLUMNS).map((count) => {
        const { share, low, high } = interval(...count(scores));
        return `${share.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
      });
      return [[variant + label, `${scores.length}`, ...cells, timeOfPlain(own, rows)]];
    })
  );
}

/** Of these rows, against that of the plain prompts of the same tasks. */
function timeOfPlain(rows: Judged[], all: Judged[]): string {
  const prompts = new Set(rows.map(({ prompt }) => prompt));
  const plain = all.filter(({ variant, prompt }) => variant === "plain prompt" && prompts.has(prompt));
  if (plain.length < rows.length) return "";
  return `${(sum(rows, ({ seconds }) => seconds) / sum(plain, ({ seconds }) => seconds)).toFixed(2)}×`;
}

function sum<T>(list: T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}
