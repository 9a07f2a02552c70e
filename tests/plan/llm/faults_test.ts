import assert from "@std/assert";
import { makePlan } from "../../../src/plan/make_plan.ts";
import { parsePlan } from "../../../src/plan/parse_plan.ts";
import { type Plan, regionsOf } from "../../../src/plan/plan.ts";
import { thingsAsked } from "../../../src/plan/llm/asked.ts";
import { countFaults, describeFaults, findFaults } from "../../../src/plan/llm/faults.ts";
import { mendPlan } from "../../../src/plan/llm/mend.ts";
import { fakeModel } from "./fake_model.ts";

function planOf(prompt: string, splitRatio: string, prompts: string[], more: Partial<Plan> = {}): Plan {
  return parsePlan({ prompt, splitRatio, regions: prompts.map((prompt) => ({ prompt })), ...more });
}

Deno.test("things of a prompt: subjects count; settings, clothes, light, moods and styles do not", () => {
  const stories: [prompt: string, things: string][] = [
    ["a red apple on the left and a blue teapot on the right", "apple teapot"],
    ["bathed in soft morning light, a cozy nook features a latte on a rustic table", "latte"],
    ["a peaceful, beautiful scene, filled with upgraded growth all around, a sense of wonder, a touch of magic", ""],
    ["a portrait of a woman, golden hour, oil painting in the style of Rembrandt, masterpiece", "woman"],
    ["two people shaking hands, the man is wearing a coat, the woman a hat", "people"],
    ["a cat chases a mouse while the owl watches", "cat mouse owl"],
    ["a wizard's desk, the dog's bowl, a rose garden, a crystal ball", "desk bowl ball"],
    ["a woman with a parrot, a man holding a cup, a boy riding a horse", "woman man boy"],
    ["an empty beach, no dogs, a girl dressed as a cat, eyes like a tiger", "girl"],
    ["a row of red books and a herd of cows", "book cow"],
    ['a sign that says "OPEN CAT CAFE" above a piano', "piano"],
    ["dramatic clouds, volumetric light rays, art by greg rutkowski, a symphony of colors", ""],
    ["(red fox:1.2) and [grey owl]", "fox owl"],
    ["un gato negro a la izquierda y un perro blanco", ""],
  ];
  for (const [prompt, things] of stories) {
    assert.equal(thingsAsked(prompt).map(({ noun }) => noun).join(" "), things, prompt);
  }
  assert.deepEqual(thingsAsked("three cats and 2 dogs").map(({ count }) => count), [3, 2]);
});

Deno.test("faults: other names, kinds, plurals and people are no faults", () => {
  const stories: [prompt: string, splitRatio: string, prompts: string[]][] = [
    ["a taxi and a kitten", "1,1", ["a yellow cab", "a small tabby cat"]],
    ["a dog and a bird", "1,1", ["a golden retriever", "a parrot on a branch"]],
    ["a fisherman and a queen", "1,1", ["an old man with a net", "a royal lady with a crown"]],
    ["a cow, a dog and a pig", "1,1", ["a cow", "two animals on a farm"]],
    ["two people", "1,1", ["a man", "a woman"]],
    ["five watermelons", "1,1,1;1,1", Array(4).fill("a watermelon")],
    ["a jug and a pear", "1,1", ["an earthenware pitcher", "a pear"]],
    ["a samovar and a cat", "1,1", ["a samovar", "a cat"]],
    ["a horse and a cow", "1", ["a horse and a cow"]],
  ];
  for (const [prompt, ratio, prompts] of stories) {
    const faults = findFaults(planOf(prompt, prompts.length === 4 ? "1,1,1;1,1,1" : ratio, prompts));
    assert.equal(countFaults(faults), 0, `${prompt}: ${describeFaults(faults)}`);
  }
});

Deno.test("faults: a thing that is clearly not there, too many in one region, a region of mere style", () => {
  const stories: [prompt: string, splitRatio: string, prompts: string[], expected: RegExp][] = [
    ["a cat and a dog", "1,1", ["a cat", "a cat on a sofa"], /No region shows "a dog"\./],
    ["a cat, a typewriter and a bird", "1,1", ["a cat", "a bird"], /No region shows "a typewriter"\./],
    ["a cow, a dog and a pig", "1,1", ["a cow", "an animal on a farm"], /No region shows "a pig"\./],
    ["a king and a queen", "1", ["a king on a throne"], /No region shows "a queen"\./],
    ["a cat, a dog and a bird", "1", ["a cat, a dog and a bird"], /Region 1 must show "a cat", "a dog", "a bird"/],
    [
      "a clock, a lamp, a book, a pen, a cup",
      "1,1",
      ["a clock", "a lamp, a book, a pen and a cup"],
      /Region 2 must show/,
    ],
    ["a cat and a dog", "1,1,1", ["a cat", "a dog", "soft light, oil painting"], /Region 3 names only style/],
  ];
  for (const [prompt, ratio, prompts, expected] of stories) {
    assert.match(describeFaults(findFaults(planOf(prompt, ratio, prompts))), expected);
  }
});

Deno.test("mends: what is missing goes into the base prompt or the only region, never into a cell of its own", () => {
  const several = mendPlan(planOf("a cat, a dog and a bird", "1,1", ["a cat", "a dog"]));
  assert.deepEqual(
    [several.plan.splitRatio, several.plan.basePrompt, several.plan.baseRatio, several.notes],
    ["1,1", "a cat, a dog and a bird", 0.2, ["Mended: no region shows a bird; it went into the base prompt."]],
  );
  const based = mendPlan(
    planOf("a cat, a dog and a bird", "1,1", ["a cat", "a dog"], { basePrompt: "a garden", baseRatio: "0.1,0.3" }),
  );
  assert.deepEqual([based.plan.basePrompt, based.plan.baseRatio], ["a garden, a bird", "0.1,0.3"]);
  assert.deepEqual(
    regionsOf(mendPlan(planOf("a cat above a dog", "1", ["a dog on a lawn"])).plan).map(({ prompt }) => prompt),
    [
      "a dog on a lawn, a cat",
    ],
  );
});

Deno.test("mends: a thing that only a region's brief names goes before that region's prompt", () => {
  const plan = planOf("a cat above a dog", "1;1", ["a book on a desk", "a dog"]);
  const briefed = { ...plan, regions: [{ ...regionsOf(plan)[0], brief: "a cat" }, regionsOf(plan)[1]] };
  const { plan: mended, notes } = mendPlan(briefed);
  assert.deepEqual(regionsOf(mended).map(({ prompt }) => prompt), ["a cat, a book on a desk", "a dog"]);
  assert.deepEqual([mended.basePrompt, notes.length], [undefined, 1]);
});

Deno.test("mends: a lost colour is put back before its noun, another shade is left", () => {
  const mended = (prompt: string, ...prompts: string[]) =>
    regionsOf(mendPlan(planOf(prompt, prompts.map(() => 1).join(), prompts)).plan).map(({ prompt }) => prompt);
  assert.deepEqual(mended("a man with a green tie and a woman", "a man in a suit with a tie", "a tall woman"), [
    "a man in a suit with a green tie",
    "a tall woman",
  ]);
  assert.deepEqual(mended("an orange cat and a pear", "a cat", "a pear"), ["an orange cat", "a pear"]);
  assert.deepEqual(mended("a red apple and a pear", "a crimson apple", "a pear"), ["a crimson apple", "a pear"]);
  assert.deepEqual(mended("a black and white photo of a man and a dog", "photo of a man", "photo of a dog"), [
    "photo of a man",
    "photo of a dog",
  ]);
});

Deno.test("asking again: what is missing is asked of the model once, and the better plan is taken", async () => {
  const reply = (...regions: string[]) => JSON.stringify({ split_ratio: regions.map(() => 1).join(), regions });
  const ask = async (...answers: string[]) => {
    await using model = fakeModel(...answers);
    const plan = await makePlan("a cat, a dog and a bird", { planner: "openai", llmUrl: model.url, environment: {} });
    const last = (model.asked.at(-1)!.messages as { content: string }[]).at(-1)!.content;
    return { plan, requests: model.asked.length, last };
  };
  const better = await ask(reply("a cat", "a dog"), reply("a cat", "a dog", "a bird"));
  assert.deepEqual([better.requests, better.plan.splitRatio, better.plan.notes], [2, "1,1,1", undefined]);
  assert.match(better.last, /not whole yet: No region shows "a bird"/);

  const worse = await ask(reply("a cat", "a dog"), reply("a cat", "a cat"));
  assert.deepEqual([worse.requests, worse.plan.splitRatio], [2, "1,1"]);
  assert.deepEqual(regionsOf(worse.plan).map(({ prompt }) => prompt), ["a cat", "a dog"]);
  assert.deepEqual(worse.plan.notes, ["Mended: no region shows a bird; it went into the base prompt."]);

  const unreadable = await ask(reply("a cat", "a dog"), "I cannot.");
  assert.deepEqual([unreadable.requests, unreadable.plan.splitRatio], [2, "1,1"]);
  const late = await ask("Hm.", reply("a cat", "a dog"), reply("a cat", "a dog", "a bird"));
  assert.deepEqual([late.requests, late.plan.splitRatio], [3, "1,1,1"]);
});
