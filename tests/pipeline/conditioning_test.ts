import assert from "@std/assert";
import {
  ABSENT,
  condition as conditionAtSteps,
  type ContextRows,
  type GuidanceOptions,
} from "../../src/pipeline/conditioning.ts";
import { planAtSteps } from "../../src/plan/phases.ts";
import { layoutOf } from "../../src/plan/layout_of.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { RegionMode } from "../../src/region/mode.ts";

const condition = (plan: Plan, guidance: GuidanceOptions) =>
  conditionAtSteps(planAtSteps(plan, 1)[0].plan, layoutOf(plan), guidance);
const plan = (mode: RegionMode) =>
  parsePlan({
    prompt: "an apple and a teapot",
    basePrompt: "a table",
    baseRatio: 0.25,
    splitRatio: "1,1",
    regions: [{ prompt: "an apple", negativePrompt: "pear" }, { prompt: "a teapot" }],
    mode,
  });
const guidance = { cfgScale: 5, negativePrompt: "blur", zerosForAbsent: true };

Deno.test("attention mode: two entries whatever the number of regions; each pixel sees its region and the base prompt", () => {
  const c = condition(plan("attention"), guidance);
  assert.equal(c.entries.length, 2);
  assert.deepEqual([...c.seen], ["blur, pear", "blur", "an apple", "a table", "a teapot"]);
  const rows: ContextRows = new Map([...c.seen].map((prompt, i) => [prompt, { start: 10 * i, count: 7 }]));
  const [batch] = c.batches(1, 2);
  const map = batch.map(1, 4, rows);
  assert.deepEqual(Array.from(map.regionOfRow), [0, 0, 1, 1, 2, 2, 3, 3]);
  assert.deepEqual(map.sights[3], { start: 40, count: 7, base: { start: 30, count: 7, ratio: 0.25 } });
  assert.deepEqual([...batch.share], [-4, -4, 5, 5]);
  assert.deepEqual([...batch.conditionalShare], [0, 0, 1, 1]);
});

Deno.test("latent mode: an entry for each distinct prompt; shares sum to 1 at every pixel", () => {
  const c = condition(plan("latent"), guidance);
  assert.deepEqual(c.entries.map((e) => e.sees[0].prompt), [
    "blur, pear",
    "an apple",
    "a table",
    "blur",
    "a teapot",
  ]);
  const [{ share }] = c.batches(1, 2);
  const sums = [0, 1].map((pixel) => c.entries.reduce((sum, _, e) => sum + share[e * 2 + pixel], 0));
  assert.deepEqual(sums, [1, 1]);
  assert.deepEqual([...share.slice(2, 6)], [3.75, 0, 1.25, 1.25]);
});

Deno.test("canvas mode: regions of one size are one batch, each with its own pooled prompt, and the whole picture is another", () => {
  const c = condition(plan("canvas"), guidance);
  const batches = c.batches(2, 6);
  assert.deepEqual(batches.map(({ height, width, origins }) => [height, width, origins]), [
    [2, 3, [[0, 0], [0, 0], [3, 0], [3, 0]]],
    [2, 6, [[0, 0], [0, 0]]],
  ]);
  const [canvases, whole] = batches;
  assert.deepEqual(canvases.entries.map((e) => [e.sees[0].prompt, e.pooled]), [
    ["blur, pear", "blur"],
    ["an apple", "an apple"],
    ["blur", "blur"],
    ["a teapot", "a teapot"],
  ]);
  assert.deepEqual(whole.entries.map((e) => [e.sees[0].prompt, e.pooled]), [["blur", "blur"], ["a table", "a table"]]);
  // (1 − β)(1 − s), (1 − β)s in the regions and β(1 − s), βs of the whole
  assert.deepEqual([0, 1, 2, 3].map((e) => canvases.share[e * 12]), [-3, 3.75, 0, 0]);
  assert.deepEqual([0, 1, 2, 3].map((e) => canvases.share[e * 12 + 3]), [0, 0, -3, 3.75]);
  assert.deepEqual([whole.share[0], whole.share[12]], [-1, 1.25]);
  assert.deepEqual([canvases.conditionalShare[12], whole.conditionalShare[12]], [0.75, 0.25]);
  const rows: ContextRows = new Map([...c.seen].map((prompt, i) => [prompt, { start: i, count: 1 }]));
  assert.deepEqual(Array.from(canvases.map(1, 2, rows).regionOfRow), [0, 0, 1, 1, 2, 2, 3, 3]);
});

Deno.test("canvas mode: a ramp makes canvases overlap, a region that masks hide has none", () => {
  const ramped = condition(plan("canvas"), { ...guidance, cfgScale: 1, feather: 1 / 3 }).batches(2, 6);
  assert.deepEqual(ramped.map(({ width, origins }) => [width, origins]), [[4, [[0, 0], [2, 0]]], [6, [[0, 0]]]]);
  const total = (pixel: number) =>
    ramped.flatMap(({ entries, share }) => entries.map((_, e) => share[e * 12 + pixel])).reduce((a, b) => a + b);
  for (const pixel of [0, 2, 3, 5, 8, 11]) assert.ok(Math.abs(total(pixel) - 1) < 1e-6);
  const everywhere = { width: 1, height: 1, data: Float32Array.of(1) };
  const hidden = condition(plan("canvas"), { ...guidance, masks: [undefined, everywhere] }).batches(2, 6);
  assert.deepEqual(hidden.flatMap(({ entries }) => entries.map((e) => e.sees[0].prompt)), [
    "blur",
    "a table",
    "blur",
    "a teapot",
  ]);
});

Deno.test("canvas mode: a box is drawn whole though it is half hidden; what lies around boxes is the whole picture's", () => {
  const boxes = parsePlan({
    prompt: "a cat in front of a house",
    regions: [
      { prompt: "a house", box: [0, 0, 0.75, 1], depth: 2 },
      { prompt: "a cat", box: [0.25, 0, 0.75, 1], depth: 1 },
    ],
    mode: "canvas",
  });
  const batches = condition(boxes, { ...guidance, cfgScale: 1 }).batches(2, 8);
  const told = batches.flatMap(({ width, entries, origins }) =>
    entries.map(({ sees }, e) => [sees[0].prompt, origins[e][0], width])
  );
  assert.deepEqual(told, [["a house", 0, 6], ["a cat", 2, 4], ["a cat in front of a house", 0, 8]]);
  assert.deepEqual(batches.map(({ share }) => [...share.slice(0, 8)].join("")), ["11000000", "00111100", "00000011"]);
});

Deno.test("without guidance nothing to avoid is asked; an absent negative prompt may be zeros", () => {
  assert.equal(condition(plan("attention"), { ...guidance, cfgScale: 1 }).entries.length, 1);
  const absent = condition(plan("attention"), { cfgScale: 5, zerosForAbsent: true });
  assert.equal(absent.entries[0].pooled, ABSENT);
  assert.ok(absent.seen.has(ABSENT) && absent.seen.has("pear"));
});

Deno.test("AND adds guided predictions up, with weights, in every mode; shares still sum to 1", () => {
  const regions = [{ prompt: "an apple :1.5 AND a pear:0.5" }, { prompt: "a teapot" }];
  for (const mode of ["attention", "latent", "canvas"] as const) {
    const c = condition(parsePlan({ prompt: "two things", splitRatio: "1,1", regions, mode }), guidance);
    const batches = c.batches(1, 2);
    const sums = [0, 1].map((pixel) =>
      batches.reduce((sum, { share, entries }) => sum + entries.reduce((s, _, e) => s + share[e * 2 + pixel], 0), 0)
    );
    assert.deepEqual(sums, [1, 1], mode);
    assert.deepEqual([...c.seen].sort(), ["a pear", "a teapot", "an apple", "blur"]);
  }
  const [{ entries, share, conditionalShare }] = condition(
    parsePlan({ prompt: "x", splitRatio: "1,1", regions, mode: "attention" }),
    guidance,
  ).batches(1, 2);
  assert.deepEqual(entries.map(({ sees }) => sees.map(({ prompt }) => prompt)), [
    ["blur", "blur"],
    ["an apple", "a teapot"],
    ["a pear", "a teapot"],
  ]);
  assert.deepEqual([...share], [1 - 5 * 2, 1 - 5, 5 * 1.5, 5, 5 * 0.5, 0]);
  assert.deepEqual([...conditionalShare], [0, 0, 0.75, 1, 0.25, 0]);
});

Deno.test("weights ask for a negative pass even without guidance; attention mode takes no AND in a base prompt", () => {
  const one = (prompt: string) => condition(parsePlan({ prompt, regions: [{ prompt }] }), { ...guidance, cfgScale: 1 });
  assert.deepEqual(one("a :1.2").entries.map(({ shares }) => shares[0].scale.toFixed(1)), ["-0.2", "1.2"]);
  assert.equal(one("a :0.5 AND b :0.5").entries.length, 2);
  assert.throws(
    () => condition(parsePlan({ ...plan("attention"), basePrompt: "a AND b" }), guidance),
    /AND in a base prompt|cannot be weighted or joined by AND/,
  );
});

Deno.test("BREAK in the negative prompt: each region its own; in a plain picture a new chunk", () => {
  const c = condition(plan("attention"), { ...guidance, negativePrompt: "cars BREAK people" });
  assert.deepEqual(c.entries[0].sees.map(({ prompt }) => prompt), ["cars, pear", "people"]);
  assert.equal(c.entries[0].pooled, "cars, people");
  const plain = condition(parsePlan({ prompt: "a", regions: [{ prompt: "a" }] }), {
    ...guidance,
    negativePrompt: "b BREAK c",
  });
  assert.equal(plain.entries[0].sees[0].prompt, "b BREAK c");
});
