import assert from "@std/assert";
import { callingNothing, isEmpty } from "../../src/plan/nothing.ts";
import { regionsOf } from "../../src/plan/plan.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";

Deno.test("where nothing stands, a model is told so in the words of its captions, and the plan keeps its own", () => {
  const plan = planByRules("a star in the top left corner and a cat at the bottom, watercolor");
  const prompts = (words?: string) => regionsOf(callingNothing(plan, words)).map(({ prompt }) => prompt);
  assert.deepEqual(prompts(), ["a star, watercolor", "empty background, watercolor", "a cat, watercolor"]);
  assert.equal(prompts("on a white background")[1], "on a white background, watercolor");
  assert.deepEqual(regionsOf(plan).map(({ prompt }) => isEmpty(prompt)), [false, true, false]);
  const hole = { regions: [{ prompt: "empty background, on a blue background" }, { prompt: "an empty background" }] };
  const told = regionsOf(callingNothing(hole, "on a white background")).map(({ prompt }) => prompt);
  assert.deepEqual(told, ["on a blue background", "on a white background"]);
});
