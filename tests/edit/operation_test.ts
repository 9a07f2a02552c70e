import assert from "@std/assert";
import { boxIn, operationOf, parseEdit, pixelsOf, recolored } from "../../src/edit/operation.ts";
import { planFor, promptAfter } from "../../src/edit/paint_plan.ts";
import { boxMask, filledIn } from "../../src/edit/mask.ts";
import { type Guides, placed } from "../../src/edit/place.ts";
import { operationsBetween } from "../../src/edit/difference.ts";
import { thingMeant } from "../../src/edit/spoken_place.ts";
import { UsageError } from "../../src/errors.ts";
import type { Judge, Verdict } from "../../src/judge/judge.ts";
import { filled } from "../../src/picture/picture.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";
import { plainPlan, regionsOf } from "../../src/plan/plan.ts";

const plan = planByRules("a red apple on the left and a blue teapot on the right, watercolor");
const page = filled(64, 64, [200, 200, 200, 255]);

/** Says the same of everything. */
const says = (verdict: Verdict): Judge => (_, checks) => Promise.resolve(checks.map(() => ({ verdict })));

Deno.test("operations are written as people say them", () => {
  assert.deepEqual(operationOf("replace", "a blue teapot = a red car"), {
    kind: "replace",
    object: "a blue teapot",
    words: "a red car",
  });
  assert.equal(operationOf("recolor", "the red apple=orange").words, "an orange apple");
  assert.equal(recolored("a dog with a hat", "pink"), "a pink dog with a hat");
  assert.deepEqual(boxIn([32, 16, 64, 32], { width: 128, height: 64 }), [0.25, 0.25, 0.75, 0.75]);
  assert.deepEqual(boxIn([0.25, 0, 0.5, 1], { width: 128, height: 64 }), [0.25, 0, 0.75, 1]);
  assert.deepEqual(pixelsOf([100 / 511, 0.5, 1, 1], { width: 511, height: 64 }), [100, 32, 411, 32]);
  assert.throws(() => boxIn([100, 0, 64, 32], { width: 128, height: 64 }), /ends at 164 across.*128×64/);
  assert.throws(() => operationOf("replace", "a teapot"), /--replace takes what is there = what shall be.*"a teapot"/);
  assert.throws(() => parseEdit({ operations: [{ kind: "add" }] }, "e.json"), /operations\.0 \(add\) needs "words"/);
  assert.throws(
    () => parseEdit({ operations: [{ kind: "remove", object: "a", box: [0.5, 0, 0.5, 1] }] }, "e.json"),
    /empty box/,
  );
  assert.throws(() => parseEdit({ operations: [{ kind: "paint" }] }, "e.json"), UsageError);
});

Deno.test("a place comes from the words, from the picture's plan, or from the judge; else the message says what to give", async () => {
  const judge: Judge = (_, checks) =>
    Promise.resolve(checks.map(() => ({ verdict: "right", box: { x0: 0.2, y0: 0.4, x1: 0.4, y1: 0.6 } })));
  const where = async (text: string, kind: "add" | "remove" | "recolor", by?: Judge, of = plan) =>
    (await placed(operationOf(kind, text), page, { plan: of, judge: by })).box;
  assert.deepEqual(await where("a cat at the bottom left", "add"), [0, 0.5, 0.5, 1]);
  assert.deepEqual(await where("the teapot", "remove"), [0.5, 0, 1, 1]);
  assert.deepEqual(await where("the apple=green", "recolor", judge), [0.17, 0.37, 0.43, 0.63]);
  assert.deepEqual(await where("the lamp", "remove", judge), [0.17, 0.37, 0.43, 0.63]);
  await assert.rejects(where("a cat", "add"), /Where shall "a cat" be\?.*--box/); // all may be taken
  await assert.rejects(placed(operationOf("add", "a cat"), page, {}), /Where shall "a cat" be\?.*--box/);
  await assert.rejects(where("the lamp", "remove"), /Where is "the lamp"\?.*--box/);
});

Deno.test("several alike are counted from the side that is named; a count that names none is asked about", async () => {
  const row = planByRules("a cat on the left, a dog in the middle and a cat on the right");
  const removed = async (object: string) => (await placed({ kind: "remove", object }, page, { plan: row })).box?.[0];
  assert.equal(await removed("the second cat from the left"), 0.6667);
  assert.equal(await removed("second cat from the right"), 0);
  assert.equal(await removed("the first dog"), 0.3333);
  assert.equal(operationOf("recolor", "the second cat from the left=green").words, "a green cat");
  for (const object of ["the third cat from the left", "the second cat", "both cats", "all the cats"]) {
    await assert.rejects(removed(object), new RegExp(`Which one is "${object}"\\?.* of 2 alike\\. .*--box`));
  }
  const told = planByRules("a first cat on the left and a second cat on the right");
  assert.equal((await placed({ kind: "remove", object: "the second cat" }, page, { plan: told })).box?.[0], 0.5);
});

Deno.test("of several alike the one is meant whose place is named, behind its noun or before it", async () => {
  const cats = planByRules("a cat on the left and a cat on the right");
  const right = [0.5, 0, 1, 1] as [number, number, number, number];
  for (const object of ["the cat on the right", "the right cat", "the rightmost cat", "cat at the right side"]) {
    const asked: string[] = [];
    const sees = (phrase: string) => (asked.push(phrase), Promise.resolve(undefined));
    assert.deepEqual((await placed({ kind: "remove", object }, page, { plan: cats, sees })).box, right);
    assert.match(asked.join(), /^(the )?cat$/);
    const dog = planFor({ kind: "replace", object, words: "a dog", box: right }, cats);
    assert.equal(dog.prompt, "a cat on the left and a dog on the right");
    assert.equal(operationOf("recolor", `${object}=green`).words, "a green cat");
  }
  assert.deepEqual(thingMeant("the topmost cat"), { said: "the cat", place: { y: 0 } });
  // Both touch, and a judge sees one thing.
  const blob: Judge = () => Promise.resolve([{ verdict: "right", box: { x0: 0, y0: 0.2, x1: 1, y1: 0.8 } }]);
  const recolor = operationOf("recolor", "the right cat=green");
  const { box: [left, , , bottom] = [] } = await placed(recolor, page, { plan: cats, judge: blob });
  assert.ok(left! > 0.4 && bottom! < 1);
  const { box: [from] = [] } = await placed(operationOf("remove", "the right cat"), page, { judge: blob });
  assert.ok(from! > 0.4);
  assert.equal(operationOf("recolor", "the top hat=green").words, "a green top hat");
  const beside = operationOf("recolor", "the cat on the left of the mat on the left=green").words;
  assert.equal(beside, "a green cat on the left of the mat");
  // Where no plan tells, another one that a judge sees is not it.
  const other: Judge = () => Promise.resolve([{ verdict: "right", box: { x0: 0, y0: 0.2, x1: 0.4, y1: 0.8 } }]);
  await assert.rejects(
    placed(operationOf("remove", "the right cat"), page, { judge: other }),
    /Where is "the right cat"/,
  );
  assert.ok((await placed(operationOf("remove", "the left cat"), page, { judge: other })).box);
});

Deno.test("a contour is the shape of what keeps its own or goes, and tells where a thing is when nothing else does", async () => {
  const shape = boxMask({ x0: 0.25, y0: 0.25, x1: 0.5, y1: 0.5 }, page.width, page.height);
  const asked: unknown[] = [];
  const sees: Guides["sees"] = (object, within) => {
    asked.push([object, within?.x0]);
    return Promise.resolve(shape);
  };
  const at = (kind: "replace" | "recolor" | "remove", text: string, more: Guides = {}) =>
    placed(operationOf(kind, text), page, { sees, ...more });
  const removed = await at("remove", "the teapot", { plan });
  assert.deepEqual([removed.box, removed.mask], [[0.5, 0, 1, 1], shape]);
  const replaced = await at("replace", "a lamp=a red car");
  const roomForAnotherShape = [0.2125, 0.2125, 0.5375, 0.5375];
  assert.deepEqual([replaced.box, replaced.mask], [roomForAnotherShape, undefined]);
  assert.equal((await at("replace", "a lamp=a red car", { contour: "attention" })).mask, shape);
  assert.equal((await at("recolor", "teapot=red", { plan, contour: "box" })).mask, undefined);
  const given = { ...operationOf("remove", "the lamp"), box: [0, 0, 0.5, 0.5] as [number, number, number, number] };
  assert.equal(await placed(given, page, { sees }), given); // a person's box is the place
  assert.equal((await placed(given, page, { sees, guessed: true })).mask, shape); // a model's holds it
  assert.deepEqual(asked, [["the teapot", 0.5], ["a lamp", undefined], ["a lamp", undefined], ["the lamp", 0]]);
});

Deno.test("what is not there is not looked for by attention, which finds something for any word; of what only it sees a line tells", async () => {
  const sees: Guides["sees"] = () =>
    Promise.resolve(boxMask({ x0: 0, y0: 0, x1: 0.5, y1: 0.5 }, page.width, page.height));
  const castle = operationOf("remove", "a castle");
  await assert.rejects(placed(castle, page, { plan, sees, judge: says("missing") }), /no "a castle".*--box.*--mask/);
  const said: string[] = [];
  const found = await placed(castle, page, { plan, sees, judge: says("unknown"), say: (line) => said.push(line) });
  assert.ok(found.mask);
  assert.match(said.join(), /^Where "a castle" is, only the model's attention tells.*--box/);
});

Deno.test("a cell's operation changes that cell's prompt; another box gets a cell of its own, and the rest stays as it was", () => {
  const car = { kind: "replace" as const, object: "a blue teapot", words: "a red car" };
  const changed = planFor({ ...car, box: [0.5, 0, 1, 1] }, plan);
  assert.equal(changed.splitRatio, plan.splitRatio);
  assert.deepEqual(regionsOf(changed).map(({ prompt }) => prompt), [
    "a red apple, watercolor",
    "a red car, watercolor",
  ]);
  assert.equal(changed.prompt, "a red apple on the left and a red car on the right, watercolor");

  // One more of what there is already; and towards a prompt, of which the plan is, where things change places.
  const apples = planFor({ ...car, words: "a red apple", box: [0.5, 0, 1, 1] }, plan);
  assert.equal(apples.prompt, "a red apple on the left and a red apple on the right, watercolor");
  const target = planByRules("a blue teapot on the left and a red car on the right");
  assert.equal(planFor({ ...car, box: [0.5, 0, 1, 1] }, target).prompt, target.prompt);

  const added = planFor({ kind: "add", words: "a bee", box: [0.3, 0, 0.7, 0.5] }, plan);
  assert.equal(added.splitRatio, plan.splitRatio);
  assert.deepEqual(regionsOf(added), [...regionsOf(plan), { prompt: "a bee, watercolor", box: [0.3, 0, 0.7, 0.5] }]);
  // What the plan says of the whole picture still holds, and of a neighbour what it avoids and its LoRAs.
  const strict = parsePlan({
    ...plan,
    negativePrompt: "people",
    basePrompt: "a table, watercolor",
    baseRatio: "0.2,0.3",
    regions: [{ prompt: "a red apple", negativePrompt: "a worm", loras: { ink: 0.5 } }, { prompt: "a blue teapot" }],
  });
  const bee = { kind: "add" as const, words: "a bee", box: [0.3, 0, 0.7, 0.5] as [number, number, number, number] };
  const { prompt: _prompt, basePrompt, regions: [first], ...others } = planFor(bee, strict);
  const { prompt: _before, basePrompt: _base, regions: [neighbour], ...kept } = strict;
  assert.deepEqual([first, basePrompt], [neighbour, "a table, watercolor, a bee"]);
  assert.deepEqual({ ...others, planner: "rules" }, kept);
  // What is added within a cell leaves the cell's thing, and covers what was added there before; what takes all of it
  // is in its place.
  const small = (words: string, of = plan) => planFor({ kind: "add", words, box: [0, 0, 0.5, 0.5] }, of);
  assert.deepEqual(regionsOf(small("a fly", small("a bee"))).map(({ prompt }) => prompt.split(",")[0]), [
    "a red apple",
    "a blue teapot",
    "a fly",
  ]);
  assert.equal(regionsOf(planFor({ ...bee, box: [0, 0, 0.5, 1] }, plan))[0].prompt, "a bee, watercolor");
  assert.equal(regionsOf(planFor({ ...bee, kind: "recolor", object: "apple", box: [0, 0, 0.5, 0.5] }, plan)).length, 2);
  const whole = planFor({ ...bee, box: [0, 0, 1, 1] }, {
    ...plainPlan("a bee, oil", "edit"),
    negativePrompt: "people",
  });
  assert.deepEqual([whole.splitRatio, whole.negativePrompt, regionsOf(whole)], ["1", "people", [{
    prompt: "a bee, oil",
  }]]);
  // What an edit before took away and avoided may be there again.
  const avoided = (negativePrompt: string) => planFor(bee, { ...plan, negativePrompt }).negativePrompt;
  assert.deepEqual(["people, the bee", "the bee", "(a fly, bee:1.2), dead bee"].map(avoided), [
    "people",
    undefined,
    "(a fly, bee:1.2), dead bee",
  ]);
  const removed = planFor({ kind: "remove", object: "the apple", box: [0, 0, 0.5, 1] }, plan);
  assert.equal(regionsOf(removed)[0].prompt, "empty background, watercolor");
  // Of a plain picture its region loses the thing; where that is all, nothing is said of the hole.
  const hole = (prompt: string) =>
    planFor({ kind: "remove", object: "the cat", box: [0.2, 0.2, 0.6, 0.6] }, plainPlan(prompt, "none"));
  assert.deepEqual(regionsOf(hole("a dog and a cat")).map(({ prompt }) => prompt), ["a dog", "empty background"]);
  assert.deepEqual(regionsOf(hole("a cat")), [{ prompt: "" }]);
  const two = {
    ...planByRules("a cat on the left and a dog on the right"),
    basePrompt: "a cat and a dog",
    baseRatio: 0.3,
  };
  const one = planFor({ kind: "remove", object: "the cat", box: [0, 0, 0.5, 1] }, two);
  assert.deepEqual([one.basePrompt, one.baseRatio], ["a dog", 0.3]);
  const none = planFor({ kind: "remove", object: "the dog", box: [0.5, 0, 1, 1] }, one);
  assert.deepEqual([none.basePrompt, none.baseRatio, regionsOf(none)], [undefined, undefined, [{ prompt: "" }]]);
  assert.deepEqual(regionsOf(planFor(bee, hole("a cat"))).map(({ prompt }) => prompt), ["empty background", "a bee"]);
  assert.deepEqual(regionsOf(planFor({ kind: "remove", object: "the cat" }, undefined)), [{ prompt: "" }]);
  assert.equal(promptAfter("a dog and a cat", { kind: "remove", object: "the cat" }), "a dog");
  const without = (prompt: string, object: string) => promptAfter(prompt, { kind: "remove", object });
  assert.equal(
    without("a red apple on the left and a blue teapot on the right", "the apple"),
    "a blue teapot on the right",
  );
  assert.equal(without("a cat, a fish at the bottom right, a dog", "the fish"), "a cat, a dog");
  assert.equal(without("a cat in the snow and a fish in the sea", "the fish"), "a cat in the snow and in the sea");
  const after = (prompt: string, object: string, words: string) =>
    promptAfter(prompt, { kind: "replace", object, words });
  assert.equal(after("an owl, a blue fish and a cat", "the fish", "a white apple"), "an owl, a white apple and a cat");
  assert.equal(after("a cat and a fish", "the fish", "a $$ sign, $& more"), "a cat and a $$ sign, $& more");
  assert.equal(after("a cat and a fish", " the fish ", "a pear"), "a cat and a pear");
  assert.equal(after("a cat and fish soup", "fish", "tomato"), "a cat and tomato soup");
  assert.equal(after("a red cat and a cat", "a red cat", "a dog"), "a dog and a cat");
  const cats = "a cat on the left and a cat at the top right";
  const box = [0.6, 0, 1, 0.4] as [number, number, number, number];
  const dog = { kind: "replace" as const, object: "a cat", words: "a dog", box };
  assert.equal(promptAfter(cats, dog), "a cat on the left and a dog at the top right");
  assert.equal(promptAfter(cats, { kind: "remove", object: "a cat", box }), "a cat on the left");
  assert.equal(promptAfter("a cat on the left", { kind: "remove", object: "a cat", box }), "a cat on the left");
  assert.equal(promptAfter("a cat, a cat on the left", dog), "a dog, a cat on the left");
  assert.equal(after("a cat, a cat on the left", "a cat", "a dog"), "a dog, a cat on the left");
  assert.equal(after("an apple on a red carpet", "an apple", "a red car"), "a red car on a red carpet");
  assert.equal(after("a mat on a red carpet", "a pear", "a red car"), "a mat on a red carpet, a red car");
});

Deno.test("towards a prompt: what the judge misses is painted, what the prompt no longer has goes", async () => {
  const target = "a red apple on the left and a red car on the right, watercolor";
  const { operations } = await operationsBetween(target, page, plan, undefined);
  assert.deepEqual(operations, [
    { kind: "replace", object: "a blue teapot", words: "a red car", box: [0.5, 0, 1, 1] },
  ]);
  const blind = says("missing");
  const all = await operationsBetween(target, page, undefined, blind);
  assert.deepEqual(all.operations.map(({ kind, words }) => [kind, words]), [["add", "a red apple"], [
    "add",
    "a red car",
  ]]);
  await assert.rejects(operationsBetween(target, page, undefined, undefined), /Nothing tells what the picture shows/);
  // A target of one thing is where its words say, or where the picture has such a thing; what else there is goes.
  const towards = async (words: string) => (await operationsBetween(words, page, plan, undefined)).operations;
  const gone = { kind: "remove" as const, object: "a blue teapot", box: [0.5, 0, 1, 1] };
  assert.deepEqual(await towards("a red apple"), [gone]);
  assert.deepEqual(await towards("a green apple"), [
    { kind: "recolor", object: "a red apple", words: "a green apple", box: [0, 0, 0.5, 1] },
    gone,
  ]);
  assert.deepEqual(await towards("a green pear on the left"), [
    { kind: "replace", object: "a red apple", words: "a green pear", box: [0, 0, 0.5, 1] },
    gone,
  ]);
  assert.deepEqual((await towards("a castle in the middle"))[0], {
    kind: "add",
    words: "a castle",
    box: [0.25, 0.25, 0.75, 0.75],
  });
  await assert.rejects(towards("a castle"), /Where shall "a castle" be\?/);
  assert.deepEqual(await towards("a red apple on the right"), [
    { kind: "replace", object: "a blue teapot", words: "a red apple", box: [0.5, 0, 1, 1] },
    { kind: "remove", object: "a red apple", box: [0, 0, 0.5, 1] },
  ]);
  // One of two alike stays, the other goes, also where a judge finds fault with there being two.
  const cats = planByRules("a cat on the left and a cat on the right");
  for (const judge of [undefined, says("wrong")]) {
    assert.deepEqual((await operationsBetween("a cat on the right", page, cats, judge)).operations, [
      { kind: "remove", object: "a cat", box: [0, 0, 0.5, 1] },
    ]);
  }
  assert.deepEqual((await operationsBetween("many cats", page, cats, says("right"))).operations, []);
  // It would be painted over all of a photo.
  await assert.rejects(operationsBetween("a red car", page, undefined, blind), /Where shall "a red car" be\?/);
});

Deno.test("boxes are rounded outwards to what the network sees; what is taken away is filled from around it", () => {
  const mask = boxMask({ x0: 0.3, y0: 0, x1: 0.6, y1: 0.5 }, 64, 64, 8);
  const columns = Array.from({ length: 64 }, (_, x) => mask.data[x * 4] === 255);
  assert.deepEqual([columns.indexOf(true), columns.lastIndexOf(true)], [16, 39]);
  const blot = filled(64, 64, [200, 200, 200, 255]);
  for (let i = 0; i < 64 * 64; i++) if (mask.data[i * 4]) blot.data.set([0, 0, 0], i * 4);
  assert.deepEqual(filledIn(blot, mask).data, page.data);
});
