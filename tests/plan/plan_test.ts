import assert from "@std/assert";
import { PlannerError, RpgError, UsageError } from "../../src/errors.ts";
import { planFromRegions, type RegionOptions } from "../../src/plan/from_regions.ts";
import { baseRatiosOf, layoutOf } from "../../src/plan/layout_of.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { negativeOf, plainPlan, type Plan, regionsOf, withDefaults, withMasks } from "../../src/plan/plan.ts";
import { reviewPlan } from "../../src/plan/review.ts";
import { partition } from "../../src/region/partition.ts";

const fails = (json: unknown, expected: RegExp) =>
  assert.throws(
    () => parsePlan(json),
    (error: unknown) => error instanceof PlannerError && error.exitCode === 5 && expected.test(error.message),
  );

Deno.test("plan: cells may be split again, with a negative prompt, a base ratio and a mask of their own", () => {
  const plan = parsePlan({
    $schema: "./plan.schema.json",
    prompt: "a street",
    basePrompt: "a street at night",
    baseRatio: "0.1,0.3",
    splitRatio: "1,1",
    regions: [
      { prompt: "a lamp", negativePrompt: "people" },
      { splitRatio: "1;1", regions: [{ prompt: "the moon" }, { prompt: "a car", baseRatio: 0.9, mask: "car.png" }] },
    ],
  });
  assert.deepEqual(regionsOf(plan).map((region) => region.prompt), ["a lamp", "the moon", "a car"]);
  assert.deepEqual(baseRatiosOf(plan), [0.1, 0.3, 0.9]);
  assert.deepEqual([...partition(layoutOf(plan), 2, 2)], [0, 1, 0, 2]);
  assert.deepEqual(parsePlan(JSON.parse(JSON.stringify(plan))), plan);
});

Deno.test("what was asked for is avoided beside what the plan avoids, in every part of it, and nothing twice", () => {
  const both = (own: string | undefined, asked?: string) => negativeOf({ negativePrompt: own }, asked);
  assert.deepEqual([both("cars"), both(undefined, "blur"), both("cars", ""), both("", "blur")], [
    "cars",
    "blur",
    "cars",
    "blur",
  ]);
  assert.equal(both("cars", "(blur:1.2)"), "(blur:1.2), cars");
  assert.equal(both("text, the pear", "text"), "text, the pear");
  assert.equal(both("cars", "a BREAK b"), "a, cars BREAK b, cars");
  assert.equal(both("cars", "x ADDCOMM a BREAK BREAK"), "x ADDCOMM a, cars BREAK cars BREAK cars");
});

Deno.test("plan: what is wrong is named by its place", () => {
  const regions = [{ prompt: "a" }, { prompt: "b" }];
  fails(7, /the whole/);
  fails({ prompt: "x", splitRatio: "1,1", regions: [{ prompt: "a" }, { promt: "b" }] }, /regions\[1\].*"promt"/);
  fails({ prompt: "x", splitRatio: "1,1,1,1", regions }, /has 4 cells but there are 2 region prompts/);
  fails(
    { prompt: "x", splitRatio: "1,1", regions: [{ prompt: "a" }, { prompt: " " }] },
    /region 2 of 2 has an empty prompt/,
  );
  fails({ prompt: "x", splitRatio: "1,1", regions, colour: "red" }, /"colour"/);
  fails({ prompt: "x", splitRatio: "1,1", regions, basePrompt: "y", baseRatio: "0.1,0.2,0.3" }, /has 3 values/);
  fails(
    { prompt: "x", splitRatio: "1,1", regions: [{ prompt: "a" }, { splitRatio: "1;1", regions: [{ prompt: 3 }] }] },
    /regions\[1\]\.regions\[0\]\.prompt/,
  );
  let deep: unknown = { prompt: "a" };
  for (let i = 0; i < 20000; i++) deep = { splitRatio: "1", regions: [deep] };
  fails({ prompt: "x", splitRatio: "1", regions: [deep] }, /split more than 8 times/);
});

Deno.test("plan: what is too much is refused before it is read", () => {
  const many = (count: number) => Array.from({ length: count }, () => ({ prompt: "a" }));
  for (const count of [257, 10_000, 200_000]) {
    fails(
      { prompt: "x", splitRatio: Array(count).fill(1).join(), regions: many(count) },
      /it has \d+ regions or more.*256/,
    );
  }
  const nested = { splitRatio: Array(200).fill(1).join(), regions: many(200) };
  fails({ prompt: "x", splitRatio: "1,1", regions: [nested, nested] }, /regions or more/);
  fails({ prompt: "x", regions: [{ prompt: "y".repeat(2 ** 20) }] }, /prompt: must have at most 65536 letters/);
  fails({ prompt: "x", regions: [Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, 1]))] }, /values/);
  const odd = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${"k".repeat(40)}\x1b[2J${i}`, 1]));
  assert.throws(
    () => parsePlan({ prompt: "x", regions: [{ prompt: "y", ...odd }] }),
    // deno-lint-ignore no-control-regex -- it is what must not be there
    (error: Error) => error.message.length < 500 && !/[\x00-\x1f]/.test(error.message),
  );
  for (const text of ["a BREAK ".repeat(10_000) + "a", "(".repeat(50_000)]) {
    assert.throws(() => planFromRegions({ regions: text, splitRatio: "1,1" }), RpgError);
  }
});

Deno.test("plan: masks may be moved, those of split cells, too", () => {
  const plan = parsePlan({
    prompt: "x",
    splitRatio: "1,1",
    regions: [{ prompt: "a", mask: "a.png" }, {
      splitRatio: "1,1",
      regions: [{ prompt: "b", mask: "b.png" }, { prompt: "c" }],
    }],
  });
  const masks = regionsOf(withMasks(plan, (mask) => `there/${mask}`)).map(({ mask }) => mask);
  assert.deepEqual(masks, ["there/a.png", "there/b.png", undefined]);
});

Deno.test("plan: a single row written with its height is put right and noted", () => {
  const plan = parsePlan({ prompt: "x", splitRatio: "1,0.5,0.5", regions: [{ prompt: "a" }, { prompt: "b" }] });
  assert.equal(plan.splitRatio, "0.5,0.5");
  assert.match(plan.notes![0], /dropped/);
});

Deno.test("plan: no base prompt, no base ratio; a plain plan is one region, also of an empty prompt", () => {
  const plan = planFromRegions({ regions: "a red ball BREAK a blue box", splitRatio: "1,2" });
  assert.deepEqual(baseRatiosOf(plan), [0, 0]);
  assert.equal(plan.prompt, "a red ball, a blue box");
  assert.deepEqual(regionsOf(parsePlan(plainPlan("", "none"))), [{ prompt: "" }]);
});

Deno.test("regions: the default base ratio is 0.5 for several of one class, else 0.2", () => {
  const ratio = (regions: string) => baseRatiosOf(planFromRegions({ regions, basePrompt: "pets" }))[0];
  assert.equal(ratio("a black cat BREAK a white cat"), 0.5);
  assert.equal(ratio("a black cat BREAK a white dog"), 0.2);
});

Deno.test("regions: keywords give structure, mode and base prompt; contradictions are refused", () => {
  const plan = planFromRegions({
    regions: "a town ADDBASE the sky ADDROW a house ADDCOL a tree",
    baseRatio: "0.1;0.3",
  });
  assert.deepEqual([plan.splitRatio, plan.basePrompt, baseRatiosOf(plan)], ["1;1,1,1", "a town", [0.1, 0.3, 0.3]]);
  assert.equal(planFromRegions({ regions: "a AND b" }).mode, "latent");
  assert.throws(() => planFromRegions({ regions: "x ADDBASE a BREAK b", basePrompt: "y" }), UsageError);
  assert.throws(() => planFromRegions({ regions: "a BREAK b", baseRatio: 0.3 }), UsageError);
  assert.throws(() => planFromRegions({ regions: "a ADDROW b ADDCOL c", splitRatio: "1,1,1" }), UsageError);
  assert.throws(() => planFromRegions({ regions: "a BREAK b BREAK c", splitRatio: "1,1" }), PlannerError);
});

Deno.test("a model's way with regions serves plans that do not say, and no others", () => {
  const plan = planFromRegions({ regions: "a cat BREAK a dog", prompt: "a cat and a dog" });
  const likes = { mode: "canvas", baseRatio: 0.6 } as const;
  assert.deepEqual(withDefaults(plan, likes), {
    ...plan,
    mode: "canvas",
    basePrompt: "a cat and a dog",
    baseRatio: 0.6,
  });
  assert.deepEqual(withDefaults(plan, {}), { ...plan, mode: "attention" });
  assert.equal(withDefaults({ ...plan, mode: "latent" }, likes).mode, "latent");
  const others: Plan[] = [
    { ...plan, baseRatio: 0 },
    { ...plan, basePrompt: "pets" },
    { ...plan, regions: [{ prompt: "a cat", baseRatio: 0.1 }, { prompt: "a dog" }] },
    { ...plan, prompt: " " },
  ];
  for (const other of others) assert.deepEqual(withDefaults(other, likes), { ...other, mode: "canvas" });
  assert.deepEqual(withDefaults(plainPlan("a cat", "none"), likes), {
    ...plainPlan("a cat", "none"),
    mode: "attention",
  });
});

Deno.test("regions: ratios in the regional-prompter extension's other orders", () => {
  const rects = (options: Omit<RegionOptions, "regions">, regions: string) => {
    const plan = planFromRegions({ regions, ...options });
    const cells = layoutOf(plan).cells.map(({ rect: r }) => [r.x0, r.y0, r.x1, r.y1].map((n) => Math.round(n * 12)));
    return cells.map((cell, i) => `${regionsOf(plan)[i].prompt} ${cell}`);
  };
  assert.deepEqual(rects({ splitRatio: "1,2" }, "a ADDROW b"), ["a 0,0,12,4", "b 0,4,12,12"]);
  assert.deepEqual(rects({ splitRatio: "1;2" }, "a ADDROW b"), ["a 0,0,12,4", "b 0,4,12,12"]);
  assert.deepEqual(rects({ splitRatio: "1,2" }, "a ADDCOL b"), ["a 0,0,4,12", "b 4,0,12,12"]);
  assert.deepEqual(rects({ splitRatio: "1,2", flipRatio: true }, "a BREAK b"), ["a 0,0,12,4", "b 0,4,12,12"]);
  assert.deepEqual(rects({ splitRatio: "1,2", flipPrompts: true }, "a BREAK b"), ["b 0,0,4,12", "a 4,0,12,12"]);
  const columns = ["a 0,0,4,12", "b 4,0,12,4", "c 4,4,12,12"];
  const regions = "a ADDCOL b ADDROW c";
  assert.deepEqual(rects({ splitRatio: "1,2;1;2", columnsFirst: true }, regions), columns);
  assert.deepEqual(rects({ splitRatio: "1;2,1,2", columnsFirst: true, flipRatio: true }, regions), columns);
  assert.deepEqual(rects({ columnsFirst: true }, regions), ["a 0,0,6,12", "b 6,0,12,6", "c 6,6,12,12"]);
  assert.deepEqual(rects({ splitRatio: "1,2", columnsFirst: true }, "a ADDCOL b"), ["a 0,0,4,12", "b 4,0,12,12"]);
});

Deno.test("boxes: beside cells, with ratios of their own; the picture around them is the base prompt's", () => {
  const [sky, cat, sea] = [{ prompt: "the sky" }, { prompt: "a cat", box: [0.2, 0.4, 0.6, 1] }, { prompt: "the sea" }];
  const plan = parsePlan({
    prompt: "x",
    basePrompt: "a harbour",
    baseRatio: "0.1;0.3",
    splitRatio: "1;1",
    regions: [sky, cat, sea],
  });
  assert.deepEqual(baseRatiosOf(plan), [0.1, 0.3, 0.3]);
  assert.deepEqual([...partition(layoutOf(plan), 4, 2)], [1, 1, 0, 0, 1, 1, 2, 2]);
  const alone = parsePlan({ prompt: "a cat in a garden", regions: [cat] });
  assert.deepEqual([layoutOf(alone).rest, withDefaults(alone, { mode: "canvas" }).mode], [1, "canvas"]);
  assert.equal(reviewPlan(alone).notes, undefined);
});

Deno.test("boxes: outside, empty, hidden and misplaced ones are refused by their place", () => {
  const boxed = (box: unknown, more: Record<string, unknown> = {}, ...others: unknown[]) => ({
    prompt: "x",
    regions: [{ prompt: "a", box, ...more }, ...others],
  });
  fails(boxed([0, 0, 1.2, 1]), /regions\[0\]\.box\[2\]/);
  fails(boxed([0, 0, 1]), /regions\[0\]\.box/);
  fails(boxed([0.5, 0, 0.5, 1]), /region 1 has an empty box \[0.5, 0, 0.5, 1\]/);
  fails(boxed([0, 0, 1, 1], { mask: "m.png" }), /region 1 has a box and a mask/);
  fails(boxed(undefined, { depth: 1 }), /region 1 has a depth but no box/);
  fails(boxed([0.2, 0.2, 0.4, 0.4], { depth: 3 }, { prompt: "b", box: [0, 0, 1, 1] }), /region 1 is hidden wholly/);
  fails(boxed([0, 0, 1, 1], {}, { prompt: "b" }), /region 2 is hidden wholly/);
  fails({ ...boxed([0, 0, 1, 1]), splitRatio: "1,1" }, /nothing to split/);
  const inCell = { splitRatio: "1,1", regions: [{ prompt: "b" }, { prompt: "c", box: [0, 0, 1, 1] }] };
  fails({ prompt: "x", splitRatio: "1,1", regions: [{ prompt: "a" }, inCell] }, /box within a split cell/);
  const covered = reviewPlan(parsePlan(boxed([0, 0, 0.5, 1], { depth: 1 }, { prompt: "b", box: [0, 0.1, 1, 1] })));
  assert.match(covered.notes!.join(), /of region 1 less than a quarter is seen/);
});
