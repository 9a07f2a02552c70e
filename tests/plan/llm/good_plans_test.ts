import assert from "@std/assert";
import { makePlan } from "../../../src/plan/make_plan.ts";
import { regionsOf } from "../../../src/plan/plan.ts";
import { fakeModel } from "./fake_model.ts";

/** A prompt with the plan that a careful model makes of it, as it writes it. */
interface GoodPlan {
  prompt: string;
  split_ratio: string;
  regions: string[];
  base_prompt?: string;
  base_ratio?: number;
  negative_prompt?: string;
}

const PLANS: GoodPlan[] = JSON.parse(
  Deno.readTextFileSync(new URL("../../replies/good_plans.json", import.meta.url)),
);

Deno.test("good plans: a careful model's plan is drawn as it is, at one request", async () => {
  for (const { prompt, ...reply } of PLANS) {
    await using model = fakeModel(JSON.stringify(reply));
    const plan = await makePlan(prompt, { planner: "openai", llmUrl: model.url, environment: {} });
    assert.equal(model.asked.length, 1, `${prompt}: ${JSON.stringify(model.asked.at(-1)!.messages).slice(-300)}`);
    assert.deepEqual(
      [plan.splitRatio, regionsOf(plan).map((region) => region.prompt), plan.basePrompt, plan.baseRatio, plan.notes],
      [reply.split_ratio, reply.regions, reply.base_prompt, reply.base_ratio, undefined],
    );
  }
});
