import assert from "@std/assert";
import { checklistOf } from "../../src/judge/checklist.ts";
import { isFault, type Mark, standing, worth } from "../../src/judge/judge.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { plainPlan } from "../../src/plan/plan.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";

Deno.test("a checklist has one item for each region, without the words that all share, in its cell", () => {
  const checks = checklistOf(planByRules("a red apple on the left and a blue teapot on the right, watercolor"));
  assert.deepEqual(checks, [
    { words: "a red apple", box: { x0: 0, y0: 0, x1: 0.5, y1: 1 } },
    { words: "a blue teapot", box: { x0: 0.5, y0: 0, x1: 1, y1: 1 } },
  ]);
  assert.deepEqual(checklistOf(planByRules("two red apples")).map(({ words }) => words), [
    "a red apple",
    "a red apple",
  ]);
  assert.deepEqual(checklistOf(planByRules("a fox in the snow")), [{ words: "a fox in the snow" }]);
  // Who looks is not told of strengths and files.
  const tagged = planFromRegions({ regions: ["a (red:1.3) apple <lora:ink:0.8>, oil", "[blue] teapot, oil"] });
  assert.deepEqual(checklistOf(tagged).map(({ words }) => words), ["a red apple", "blue teapot"]);
  assert.deepEqual(checklistOf(plainPlan("<lora:ink>", "none")), []);
});

Deno.test("more items right are worth more than any number of near misses; what cannot be told is no fault", () => {
  const marks = (...verdicts: Mark["verdict"][]) => verdicts.map((verdict) => ({ verdict }));
  assert.ok(worth(marks("right", "missing", "missing")) > worth(marks("wrong", "misplaced", "wrong")));
  assert.ok(worth(marks("wrong", "missing")) > worth(marks("missing", "missing")));
  assert.deepEqual(marks("unknown", "right", "wrong").map(isFault), [false, false, true]);
});

Deno.test("a picture is as asked where the judge has seen all of it, and nothing that it cannot tell passes for right", () => {
  const checklist = [{ words: "a red apple" }, { words: "a lamp" }];
  const said = (...verdicts: Mark["verdict"][]) => standing(checklist, verdicts.map((verdict) => ({ verdict })));
  assert.equal(said("right", "right"), "all is as asked");
  assert.equal(said("right", "unknown"), "the judge cannot tell: a lamp");
  assert.equal(said("missing", "unknown"), "still open: a red apple: missing; the judge cannot tell: a lamp");
});
