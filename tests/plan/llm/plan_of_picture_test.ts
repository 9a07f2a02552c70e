import assert from "@std/assert";
import { join } from "@std/path";
import { encodePng } from "../../../src/formats/png.ts";
import { filled } from "../../../src/picture/picture.ts";
import { LanguageModelError } from "../../../src/plan/llm/chat_failure.ts";
import { planOfPicture } from "../../../src/plan/llm/plan_of_picture.ts";
import { finish, finishEach, inFolder, names, program } from "../../cli/program.ts";
import { fakeModel } from "./fake_model.ts";

const sides = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });
const answer = {
  caption: "a cat in front of a house, watercolour",
  surroundings: "a quiet street, watercolour",
  things: [{ words: "an old house", box: sides(50, 50, 950, 850) }, {
    words: "a black cat",
    box: sides(350, 500, 700, 1000),
  }],
};
const options = (url: string) => ({ llmUrl: url, llmModel: "fake", backoff: 0.01, environment: {} });

Deno.test("a vision model's layout becomes a plan of boxes; one that is no plan is asked again with the reason", async () => {
  const hidden = { ...answer, things: [answer.things[1], { ...answer.things[0], box: sides(0, 0, 1000, 1000) }] };
  await using model = fakeModel(JSON.stringify(hidden), JSON.stringify(answer));
  const plan = await planOfPicture("data:image/jpeg;base64,AA==", options(model.url), {});
  assert.deepEqual(plan.regions, [
    { prompt: "an old house", box: [0.05, 0.05, 0.95, 0.85] },
    { prompt: "a black cat", box: [0.35, 0.5, 0.7, 1] },
  ]);
  assert.deepEqual([plan.prompt, plan.basePrompt], [answer.caption, answer.surroundings]);
  assert.match(JSON.stringify(model.asked[1]), /region 1 is hidden wholly behind nearer boxes/);
  await using mute = fakeModel("I see a cat.");
  const failure = await planOfPicture("data:image/jpeg;base64,AA==", options(mute.url), {}).catch((error) => error);
  assert.ok(failure instanceof LanguageModelError);
});

Deno.test("plan --image draws and prints the layout of a picture", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(64, 64, [90, 160, 40, 255])));
    await using model = fakeModel(JSON.stringify(answer));
    const llm = ["--llm-url", model.url, "--llm-model", "fake"];
    const done = await finish(program(["plan", "--image", "photo.png", ...llm, "-o", "layout.png"], { cwd }));
    assert.equal(done.code, 0, done.stderr);
    assert.equal(JSON.parse(done.stdout).regions.length, 2);
    assert.deepEqual(names(cwd), ["layout.png", "photo.png"]);
  }));

Deno.test("a picture for a language model that nobody would be shown is refused", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(64, 64, [90, 160, 40, 255])));
    const cases: [line: string[], message: RegExp][] = [
      [["--planner", "rules"], /rules see no pictures/],
      [["a cat", "--planner", "rules"], /rules see no pictures/],
      [["a cat"], /none is configured/],
      [["a cat BREAK a dog", "--llm-url", "http://127.0.0.1:1/v1"], /no planner is asked/],
    ];
    const runs = await finishEach(cases.map(([line]) => ["plan", ...line, "--image", "photo.png"]), { cwd });
    for (const [i, { code, stderr }] of runs.entries()) {
      assert.equal(code, 2);
      assert.match(stderr, cases[i][1]);
    }
  }));
