import assert from "@std/assert";
import { layered } from "../../src/settings/layers.ts";

Deno.test("the particular goes before the general, and does away with what contradicts it", () => {
  assert.deepEqual(layered({ steps: 5, seed: 1 }, { steps: 9 }), { steps: 9, seed: 1 });
  assert.deepEqual(layered({ planner: "rules", steps: 5 }, { noPlan: true }), { steps: 5, noPlan: true });
  assert.deepEqual(layered({ regions: "a BREAK b", splitRatio: "1,2" }, { regions: "c BREAK d" }), {
    regions: "c BREAK d",
    splitRatio: "1,2",
  });
  assert.deepEqual(layered({ regions: "a BREAK b", splitRatio: "1,2" }, { plan: "a.json" }), { plan: "a.json" });
  assert.deepEqual(layered({ noPlan: true }, { llmUrl: "http://127.0.0.1" }), { llmUrl: "http://127.0.0.1" });
  // The language model may be the judge of what somebody else planned.
  const judge = { llmUrl: "http://127.0.0.1", rounds: 2 };
  assert.deepEqual(layered({ ...judge, planner: "openai" }, { noPlan: true }), { ...judge, noPlan: true });
  assert.deepEqual(layered({ hiresScale: 2 }, { hiresSize: [64, 64] }), { hiresSize: [64, 64] });
});
