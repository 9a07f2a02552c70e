import assert from "@std/assert";
import fc from "fast-check";
import { PlannerError } from "../../../src/errors.ts";
import { layoutOf } from "../../../src/plan/layout_of.ts";
import { parsePlan } from "../../../src/plan/parse_plan.ts";
import { type Plan, regionsOf } from "../../../src/plan/plan.ts";
import { planByRules } from "../../../src/plan/rules/rules.ts";

/** Ratio and region prompts in one string, as a person would jot them down: "1,1 | a cat | a dog". */
function brief(prompt: string): string {
  const plan = parsePlan(planByRules(prompt));
  return [plan.splitRatio, ...regionsOf(plan).map((region) => region.prompt)].join(" | ");
}

function expect(stories: Record<string, string>): void {
  for (const [prompt, expected] of Object.entries(stories)) assert.equal(brief(prompt), expected, prompt);
}

Deno.test("rules: places, before and after their objects", () =>
  expect({
    "a red apple on the left and a blue teapot on the right": "1,1 | a red apple | a blue teapot",
    "a teapot on the right and an apple on the left": "1,1 | an apple | a teapot",
    "On the left, a red apple. On the right, a blue teapot": "1,1 | a red apple | a blue teapot",
    "red apple left, blue teapot right": "1,1 | red apple | blue teapot",
    "the left half shows a city at night, the right half shows a forest": "1,1 | a city at night | a forest",
    "a castle at the top and a river at the bottom": "1;1 | a castle | a river",
    "a tree in the middle, a dog on the right, a cat on the left": "1,1,1 | a cat | a tree | a dog",
    "a bird in the sky and a cat on the grass": "1;1 | a bird in the sky | a cat on the grass",
    "a cat in the top left corner and a dog in the bottom right corner, a blue sky":
      "1,1,1;1,1,1 | a cat, a blue sky | a blue sky | a blue sky | a dog, a blue sky",
  }));

Deno.test("rules: relations between objects", () =>
  expect({
    "a man with a green tie on the left of a woman in a red dress, a white dog between them, snow outside":
      "1,1,1 | a man with a green tie, snow outside | a white dog, snow outside | a woman in a red dress, snow outside",
    "a cat above a dog": "1;1 | a cat | a dog",
    "a cat below a dog": "1;1 | a dog | a cat",
    "a red cube on top of a blue cube": "1;1 | a red cube | a blue cube",
    "a lamp above a table, a cat under the table": "1;1;1 | a lamp | a table | a cat",
    "a small red ball between two large green boxes":
      "1,1,1 | a large green box | a small red ball | a large green box",
    "a king on the left, a queen on the right, and a dragon above them": "1;1,1,1 | a dragon | a king | a queen",
    "a green cup to the left of a red plate, and a yellow spoon to the right of the plate":
      "1,1,1 | a green cup | a red plate | a yellow spoon",
    "a robot to the right of a vintage car": "1,1 | a vintage car | a robot",
    "below the table, a cat; above it, a lamp": "1;1;1 | a lamp | the table | a cat",
  }));

Deno.test("rules: counts become regions of one each", () =>
  expect({
    "two cats and a dog on the grass": "1,1,1 | a cat, on the grass | a cat, on the grass | a dog, on the grass",
    "four apples": "1,1,1;1,1,1 | an apple | an apple | an apple | an apple",
    "two women in red dresses": "1,1 | a woman in a red dress | a woman in a red dress",
    "two cats, one black and one white, on a sofa": "1,1 | a black cat, on a sofa | a white cat, on a sofa",
    "three red apples and two green pears":
      "1,1,1,1;1,1,1 | a red apple | a red apple | a red apple | a green pear | a green pear",
    "two parrots, the left one blue and the right one green": "1,1 | a blue parrot | a green parrot",
    "There are two dogs. The one on the right is brown and the one on the left is black.":
      "1,1 | a black dog | a brown dog",
    "a teapot, two cups and a plate": "1,1,1;1,1,1 | a teapot | a cup | a cup | a plate",
    "three people standing in a row": "1,1,1 | a person | a person | a person",
  }));

Deno.test("rules: attributes stay with their object, setting and style go to every region", () =>
  expect({
    "a black and white dog next to a red ball in a park, photorealistic, 4k":
      "1,1 | a black and white dog, in a park, photorealistic, 4k | a red ball, in a park, photorealistic, 4k",
    "a woman with a hat and a scarf next to a man wearing a blue suit and glasses":
      "1,1 | a woman with a hat and a scarf | a man wearing a blue suit and glasses",
    "an oil painting of a girl holding a red balloon and a boy with a kite at sunset":
      "1,1 | a girl holding a red balloon, at sunset, oil painting | a boy with a kite, at sunset, oil painting",
    "a small house with a red roof, a tree on the left, mountains in the background":
      "1,1 | a tree, mountains in the background | a small house with a red roof, mountains in the background",
    "a dog and a cat, in the style of Van Gogh":
      "1,1 | a dog, in the style of Van Gogh | a cat, in the style of Van Gogh",
    "A cat is sitting on the left. A dog is standing on the right. They are on a beach.":
      "1,1 | a cat sitting, on a beach | a dog standing, on a beach",
  }));

Deno.test("rules: one object, none, or too many are drawn whole, and the notes say why", () => {
  const whole = (prompt: string, why: RegExp) => {
    const plan = planByRules(prompt);
    assert.deepEqual([plan.splitRatio, regionsOf(plan)], ["1", [{ prompt }]]);
    assert.match(plan.notes![0], why);
  };
  whole("a red apple", /One object was found \(a red apple\)/);
  whole("a photo of a cat sitting on a wooden table", /One object/);
  whole("an astronaut riding a horse on the moon", /One object/);
  whole("sunset over the ocean", /No object/);
  whole("masterpiece, best quality, 1girl, solo, long hair, blue eyes", /One object/);
  whole("twelve apples", /12 regions and 9 are the most/);
  whole("", /No object/);
  whole("a cat if it rains, else a dog", /"if" is beyond the rules.*--llm-url/);
  whole("a cat and ".repeat(10_000), /100000 characters.*--llm-url/);
});

Deno.test("rules: what must not be there goes to the negative prompt and out of the text", () => {
  const { negativePrompt, regions } = planByRules("an empty street without cars or people, one red traffic light");
  assert.deepEqual([negativePrompt, regions], ["cars, people", [{ prompt: "an empty street, one red traffic light" }]]);
  assert.deepEqual(regionsOf(planByRules("a snowman without a nose next to a child with a carrot"))[0], {
    prompt: "a snowman",
    negativePrompt: "nose",
  });
});

Deno.test("rules: several of one class and objects that act on each other get a base prompt", () => {
  const base = (prompt: string): Partial<Plan> => planByRules(prompt);
  assert.equal(base("two cats and a dog").baseRatio, 0.5);
  assert.equal(base("a cat chasing a mouse").baseRatio, 0.2);
  assert.equal(base("a cat chasing a mouse").basePrompt, "a cat chasing a mouse");
  assert.equal(base("a cat and a dog").basePrompt, undefined);
});

Deno.test("rules: any text ends in a valid plan or says that it is not English", () => {
  const words = fc.constantFrom(
    ..."a an the two 3 cats dog men and or , . ; : with without no on left of right top half middle between them above it to its in background snow red hat ( ) one other each is has holds sitting while bigger than row from"
      .split(" "),
  );
  const sentences = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words, { maxLength: 30 }).map((list) => list.join(" ")),
  );
  fc.assert(
    fc.property(sentences, (prompt) => {
      try {
        assert.equal(parsePlan(planByRules(prompt)).prompt, prompt);
      } catch (error) {
        if (!(error instanceof PlannerError && /reads English/.test(error.message))) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("rules: the composition benchmark's prompts get their objects where they are asked for", () => {
  interface Task {
    prompt: string;
    objects: { name: string; colour: string | null; x: number; y: number }[];
  }
  const tasks: Task[] = JSON.parse(Deno.readTextFileSync(new URL("../../composition.json", import.meta.url)));
  for (const { prompt, objects } of tasks) {
    const plan = planByRules(prompt);
    const regions = regionsOf(plan);
    const { cells } = layoutOf(plan);
    assert.equal(regions.length, objects.length, prompt);
    for (const { name, colour, x, y } of objects) {
      const said = [colour, name].filter(Boolean).join(" ");
      const { rect } = cells.find(({ region }) => regions[region].prompt.replace(/^an? /, "") === said)!;
      const off = Math.hypot((rect.x0 + rect.x1) / 2 - x, (rect.y0 + rect.y1) / 2 - y);
      assert.ok(off < 0.01, `${said} of "${prompt}" is ${off} off`);
    }
  }
});
