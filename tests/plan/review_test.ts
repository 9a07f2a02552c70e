import assert from "@std/assert";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { type Plan, regionsOf } from "../../src/plan/plan.ts";
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

Deno.test("review: what is missing or mere style is warned of, and nothing is changed", () => {
  const forgotten = review("a cat, a dog and a bird in a garden", "1,1", [
    "a tabby cat, garden",
    "a brown dog, garden",
  ]);
  assert.deepEqual(forgotten.brief, ["1,1", "a tabby cat, garden", "a brown dog, garden"]);
  assert.deepEqual(forgotten.notes, ['Warning: no region shows "a bird".']);
  const style = review("a cat and a dog", "1,1,1", ["a cat", "a dog", "soft light, masterpiece"]);
  assert.deepEqual(style.notes, ["Warning: region 3 names only style, light or mood, so anything may come there."]);
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
