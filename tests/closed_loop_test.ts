/** The closed loop with a small random model and a judge that says what the story needs. */
import assert from "@std/assert";
import { drawAndMend } from "../src/closed_loop.ts";
import type { Judge, Verdict } from "../src/judge/judge.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { plainPlan } from "../src/plan/plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import { TINY_MODEL } from "./cli/program.ts";

const model = await loadModel(TINY_MODEL);
addEventListener("unload", () => model.close());
const prompt = "a red apple on the left and a blue teapot on the right";
const size = { width: 64, height: 64, steps: 2, seed: 5 };
const looks = (...list: Verdict[][]): Judge => () => Promise.resolve(list.shift()!.map((verdict) => ({ verdict })));

Deno.test("the best of several goes on, drawing ends with the first that is all right, and rounds mend the rest", async () => {
  const drawing = await prepare(model, { plan: planByRules(prompt), ...size });
  const judge = looks(["missing", "missing"], ["right", "missing"], ["missing", "right"], ["right", "missing"], [
    "right",
    "right",
  ]);
  const { result, drawn, rounds, marks } = await drawAndMend(model, drawing, { judge, bestOf: 3, rounds: 2 });
  assert.deepEqual(drawn.map(({ seed }) => seed), [5, 6, 7]);
  assert.deepEqual(rounds.map(({ attempts }) => attempts.length), [0, 1]);
  assert.deepEqual(marks.map(({ verdict }) => verdict), ["right", "right"]);
  assert.deepEqual(rounds[1].attempts[0].operation.box, [0.5, 0, 1, 1]);
  assert.deepEqual([result.settings.seed, result.timings.steps.length], [8, 8]);

  const once = await drawAndMend(model, drawing, { judge: looks(["right", "right"]), bestOf: 3 });
  assert.equal(once.drawn.length, 1);
});

Deno.test("a plain prompt is mended where the rules say that its things belong", async () => {
  const drawing = await prepare(model, { plan: plainPlan(prompt, "none"), ...size });
  const judge = looks(["right", "missing"], ["right", "missing"], ["right", "right"]);
  const { rounds, checklist } = await drawAndMend(model, drawing, { judge, rounds: 1 });
  assert.deepEqual(checklist.map(({ words }) => words), ["a red apple", "a blue teapot"]);
  assert.deepEqual(rounds[1].attempts[0].result.plan.splitRatio, "0.5,0.5");
});
