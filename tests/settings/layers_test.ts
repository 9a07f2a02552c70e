import assert from "@std/assert";
import { layered, withoutIdle } from "../../src/settings/layers.ts";

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
  assert.deepEqual(layered({ planner: "rules" }, { image: ["a.png"] }), { image: ["a.png"] });
  assert.deepEqual(layered({ hiresScale: 2 }, { hiresSize: [64, 64] }), { hiresSize: [64, 64] });
});

Deno.test("what says more of a setting goes where that is not there, and what says more of it with it", () => {
  const flags = { steps: 3, hiresStrength: 0.5, inpaintOnlyMasked: true, inpaintPadding: 8 };
  assert.deepEqual(withoutIdle(flags, () => true), { steps: 3 });
  assert.deepEqual(withoutIdle({ ...flags, hiresScale: 2, mask: "m.png" }, () => true), {
    ...flags,
    hiresScale: 2,
    mask: "m.png",
  });
  assert.deepEqual(withoutIdle(flags, (name) => name !== "hiresStrength"), { steps: 3, hiresStrength: 0.5 });
});
