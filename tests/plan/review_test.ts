import assert from "@std/assert";
import { parsePlan, type Plan, regionsOf } from "../../src/plan/plan.ts";
import { reviewPlan } from "../../src/plan/review.ts";

function review(prompt: string, splitRatio: string, prompts: string[], more: Partial<Plan> = {}) {
  const plan = parsePlan({ prompt, splitRatio, regions: prompts.map((prompt) => ({ prompt })), ...more });
  const { notes = [], ...mended } = reviewPlan(plan, { coarsest: { width: 8, height: 8 } });
  return {
    plan: parsePlan(mended),
    notes,
    brief: [mended.splitRatio, ...regionsOf(mended).map(({ prompt }) => prompt)],
  };
}

Deno.test("review: a faithful plan is left alone", () => {
  const { notes, brief } = review("a red apple and a blue teapot", "1,2", ["a shiny red apple", "a round blue teapot"]);
  assert.deepEqual([notes, brief], [[], ["1,2", "a shiny red apple", "a round blue teapot"]]);
});

Deno.test("review: a forgotten object gets a cell at its place", () => {
  const last = review("a cat, a dog and a bird in a garden", "1,1", ["a tabby cat, garden", "a brown dog, garden"]);
  assert.deepEqual(last.brief, ["1,1,1", "a tabby cat, garden", "a brown dog, garden", "a bird, in a garden"]);
  assert.deepEqual(last.notes, ['Mended: no region showed "a bird"; it was given a cell of its own.']);
  const first = review("a bird at the top left, a cat and a dog", "1;1", ["a sky over a cat", "a dog"]);
  assert.deepEqual(first.brief, ["1,1,1;1", "a bird", "a sky over a cat", "a dog"]);
});

Deno.test("review: base ratios stay with their regions when a cell is put in", () => {
  const { plan } = review("a bird on the left, a cat and a dog", "1,1", ["a cat", "a dog"], {
    basePrompt: "pets",
    baseRatio: "0.1,0.3",
  });
  assert.deepEqual(regionsOf(plan).map(({ baseRatio }) => baseRatio), [undefined, 0.1, 0.3]);
});

Deno.test("review: a single region that forgot one of several objects is planned by rules", () => {
  assert.deepEqual(review("a cat above a dog", "1", ["a dog on a lawn"]).brief, ["1;1", "a cat", "a dog"]);
});

Deno.test("review: a lost colour is put back before its noun", () => {
  const { brief, notes } = review("a man with a green tie and a woman", "1,1", [
    "a man in a suit with a tie",
    "a tall woman",
  ]);
  assert.deepEqual(brief, ["1,1", "a man in a suit with a green tie", "a tall woman"]);
  assert.deepEqual(notes, ['Mended: the tie had lost its colour; "green" was put back.']);
  assert.deepEqual(review("a red apple and a pear", "1,1", ["an apple", "a pear"]).brief[1], "a red apple");
});

Deno.test("review: low counts, slivers, crowded grids and long prompts are warned of", () => {
  const few = review("three cats and a dog", "1,1", ["a cat", "a dog"]);
  assert.deepEqual(few.notes, ["Warning: the prompt has three cats, but only 1 region shows one."]);
  assert.deepEqual(review("three cats and a dog", "2,1", ["three cats", "a dog"]).notes, []);
  assert.match(review("a cat, a dog", "1,20", ["a cat", "a dog"]).notes[0], /region 1 is narrower than a twelfth/);
  const nine = Array.from({ length: 9 }, () => "a tulip");
  assert.match(review("tulips", nine.map(() => 1).join(), nine).notes[0], /9 regions do not fit .* 8×8 cells/);
  assert.match(review("x", "1", ["many words ".repeat(40)]).notes[0], /the prompt of region 1 has about 80 tokens/);
});
