/** Modes as a schedule over the steps. */
import assert from "@std/assert";
import { PlannerError } from "../../src/errors.ts";
import { type BindOptions, planAtSteps } from "../../src/plan/phases.ts";
import { baseRatiosOf } from "../../src/plan/layout_of.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { plainPlan, type Plan, regionsOf, withDefaults } from "../../src/plan/plan.ts";

const pair = parsePlan({
  prompt: "a fox and an owl in the snow",
  splitRatio: "1,1",
  regions: [{ prompt: "a fox in the snow", brief: "a fox" }, { prompt: "an owl in the snow", baseRatio: 0.9 }],
  mode: "bind",
});

/** What each stretch of the steps says: its end, mode, prompts and base ratios. */
const told = (plan: Plan, steps: number, options?: BindOptions) =>
  planAtSteps(plan, steps, options).map(({ until, plan }) => [
    until,
    plan.mode,
    regionsOf(plan).map(({ prompt }) => prompt).join("; "),
    baseRatiosOf(plan).join(),
  ]);
const BOUND = ["canvas", "a fox; an owl in the snow", "0,0"];
const REFINED = ["attention", "a fox in the snow; an owl in the snow"];

Deno.test("bind mode: canvases of the briefs without a base, then attention with full prompts and the base prompt", () => {
  const plan = { ...pair, basePrompt: "snow", baseRatio: 0.3 };
  assert.deepEqual(told(plan, 20), [[8, ...BOUND], [20, ...REFINED, "0.3,0.9"]]);
  assert.deepEqual(told(plan, 10, { bind: 0.25, refineRatio: 0.6 }), [[3, ...BOUND], [10, ...REFINED, "0.6,0.6"]]);
  assert.deepEqual(told(plan, 4, { bind: 1 }), [[4, ...BOUND]]);
  assert.deepEqual(told(plan, 4, { bind: 0 }), [[4, ...REFINED, "0.3,0.9"]]);
  assert.deepEqual(told(plan, 1), [[1, ...BOUND]]);
});

Deno.test("a refine ratio makes the whole prompt the base where there is none", () => {
  const [, refining] = planAtSteps(pair, 5, { refineRatio: 0.5 });
  assert.equal(refining.plan.basePrompt, "a fox and an owl in the snow");
});

Deno.test("phases of a plan's own share the steps as columns share a row; what gets no step is left out", () => {
  const phases = (...shares: number[]) =>
    parsePlan({
      ...pair,
      mode: undefined,
      basePrompt: "snow",
      phases: shares.map((share, i) => ({ mode: (["latent", "canvas", "attention"] as const)[i], share })),
    });
  const ends = (steps: number, ...shares: number[]) =>
    told(phases(...shares), steps).map(([until, mode]) => [until, mode]);
  assert.deepEqual(ends(8, 1, 2, 1), [[2, "latent"], [6, "canvas"], [8, "attention"]]);
  assert.deepEqual(ends(10, 0.001, 1, 1), [[1, "latent"], [5, "canvas"], [10, "attention"]]);
  assert.deepEqual(ends(2, 1, 1, 1), [[1, "latent"], [2, "attention"]]);
  for (let steps = 1; steps < 40; steps++) assert.equal(ends(steps, 3, 1, 5).at(-1)![0], steps);
});

Deno.test("a mode beside phases, and phases that cannot be, are refused by their place", () => {
  const fails = (more: Record<string, unknown>, expected: RegExp) =>
    assert.throws(
      () => parsePlan({ ...pair, ...more }),
      (error: Error) => error instanceof PlannerError && expected.test(error.message),
    );
  fails({ phases: [{ mode: "canvas", share: 1 }] }, /a mode for all steps and phases/);
  const alone = (phase: unknown) => ({ mode: undefined, phases: [phase] });
  fails(alone({ mode: "bind", share: 1 }), /phases\[0\]\.mode/);
  fails(alone({ mode: "canvas", share: 0 }), /phases\[0\]\.share/);
  fails(alone({ mode: "canvas", share: 1, baseRatio: "0.1,2" }), /value 2/);
  fails(alone({ mode: "canvas", share: 1, prompts: "short" }), /phases\[0\]\.prompts/);
});

Deno.test("bind mode wants the whole prompt where a plan says nothing of a base; one region is drawn plainly", () => {
  const silent = { ...pair, regions: regionsOf(pair).map(({ baseRatio: _, ...region }) => region) };
  const { basePrompt, baseRatio } = withDefaults(silent, {});
  assert.deepEqual([basePrompt, baseRatio], [silent.prompt, 0.5]);
  assert.equal(withDefaults(silent, { mode: "canvas", baseRatio: 0.3, refineRatio: 0.7 }).baseRatio, 0.7);
  assert.equal(withDefaults({ ...silent, baseRatio: 0.1 }, {}).basePrompt, undefined);
  assert.deepEqual(told({ ...plainPlan("a fox", "none"), mode: "bind" }, 5), [[5, "attention", "a fox", "0"]]);
});
