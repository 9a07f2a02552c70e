import assert from "@std/assert";
import { planFromRegions } from "../../../src/plan/from_regions.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { regionParameters } from "../../../src/plan/show/regional_prompter.ts";

const PLAN: Plan = {
  prompt: "a fox and an owl at night",
  basePrompt: "a wood at night",
  baseRatio: "0.2,0.4",
  splitRatio: "1,2",
  regions: [{ prompt: "a fox", negativePrompt: "snow" }, { prompt: "an owl", loras: { ink: 0.5 } }],
  mode: "latent",
  planner: "me",
};

Deno.test("a plan is the extension's own prompt and fields, and the prompt says the same regions again", () => {
  const { prompt, negativePrompt, fields } = regionParameters(PLAN, "blurry", "<lora:all:1>");
  assert.equal(prompt, "<lora:all:1> ADDCOMM a wood at night ADDBASE a fox BREAK an owl <lora:ink:0.5>");
  assert.equal(negativePrompt, "blurry BREAK snow BREAK");
  assert.deepEqual(fields, {
    "RP Active": "True",
    "RP Divide mode": "Matrix",
    "RP Matrix submode": "Columns",
    "RP Calc Mode": "Latent",
    "RP Ratios": "1,2",
    "RP Base Ratios": "0.2,0.4",
    "RP Use Base": "True",
    "RP Use Common": "True",
    "RP Use Ncommon": "True",
    "RP Flip": "False",
    "Region mode": "latent",
    "Planned from": "a fox and an owl at night",
  });
  const again = planFromRegions({ regions: regionParameters(PLAN, undefined, "").prompt, splitRatio: "1,2" });
  assert.equal(again.basePrompt, "a wood at night");
  assert.deepEqual(again.regions.map((region) => "prompt" in region && region.prompt), [
    "a fox",
    "an owl <lora:ink:0.5>",
  ]);
});

Deno.test("what the extension cannot express is listed with its place; a plain picture says nothing of regions", () => {
  const boxed: Plan = { ...PLAN, regions: [...PLAN.regions, { prompt: "a moon", box: [0.5, 0, 1, 0.25] }] };
  const { prompt, fields } = regionParameters(boxed, undefined, "");
  assert.equal(prompt, PLAN.prompt);
  assert.match(fields.Regions, /^1 \(0 0 33 100\) a fox; 2 .*; 3 \(50 0 100 25\) a moon$/);
  assert.equal(fields["RP Active"], undefined);
  const parted: Plan = { ...PLAN, regions: [{ prompt: "a BREAK b" }, { prompt: "c" }] };
  assert.equal(regionParameters(parted, undefined, "").prompt, PLAN.prompt);
  const plain = { prompt: "a cat", splitRatio: "1", regions: [{ prompt: "a cat" }], planner: "none" };
  assert.deepEqual(regionParameters(plain, "x", "<lora:a:1>"), {
    prompt: "a cat <lora:a:1>",
    negativePrompt: "x",
    fields: {},
  });
});
