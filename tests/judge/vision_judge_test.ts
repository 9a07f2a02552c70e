import assert from "@std/assert";
import { visionDifference } from "../../src/edit/vision_difference.ts";
import { visionJudge } from "../../src/judge/vision_judge.ts";
import { filled } from "../../src/picture/picture.ts";
import { LanguageModelError } from "../../src/plan/llm/chat_failure.ts";
import { type Answer, apiError, fakeModel } from "../plan/llm/fake_model.ts";

const page = filled(32, 32, [200, 0, 0, 255]);
const sides = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });
type Sides = ReturnType<typeof sides>;
const mark = (item: number, verdict: string, box: Sides | null = null, note: string | null = null) => ({
  item,
  verdict,
  box,
  note,
});

async function judge(...answers: Answer[]) {
  await using model = fakeModel(...answers);
  const look = visionJudge({ llmUrl: model.url, llmModel: "fake", backoff: 0.01, environment: {} });
  const left = { x0: 0, y0: 0, x1: 0.5, y1: 1 };
  const marks = await look(page, [{ words: "a red apple", box: left }, { words: "a cat" }, {
    words: "a dog",
    absent: true,
  }]).catch((error: unknown) => error);
  return { marks, asked: model.asked };
}

Deno.test("a vision model is shown the picture and the checklist; its marks come back in order, boxes as fractions", async () => {
  const answer = {
    marks: [mark(2, "wrong", sides(0.5, 0.25, 1, 0.75), "a lynx"), mark(1, "right", sides(0, 100, 500, 1000))],
  };
  const { marks, asked } = await judge(JSON.stringify(answer));
  assert.deepEqual(marks, [
    { verdict: "right", box: { x0: 0, y0: 0.1, x1: 0.5, y1: 1 } },
    { verdict: "wrong", box: { x0: 0.5, y0: 0.25, x1: 1, y1: 0.75 }, note: "a lynx" },
    { verdict: "unknown" },
  ]);
  const sent = JSON.stringify(asked[0]);
  assert.match(sent, /1\. a red apple, within left 0, top 0, right 500, bottom 1000\\n2\. a cat\\n3\. No a dog/);
  assert.match(sent, /"image_url":\{"url":"data:image\/jpeg;base64,/);
  assert.match(sent, /"json_schema"/);
});

Deno.test("boxes that are none, and servers without schemas, are asked again; what fails says how", async () => {
  const good = JSON.stringify({ marks: [mark(1, "right")] });
  const wrong: [unknown, RegExp][] = [
    [sides(900, 0, 100, 500), /must have left < right and top < bottom, in thousandths/],
    [sides(0, 0, 1024, 700), /0 to 1000, not in pixels/],
    [[0, 0, 500, 500], /must be \{ left, top, right, bottom \}/],
  ];
  for (const [box, said] of wrong) {
    const again = await judge(JSON.stringify({ marks: [mark(1, "right", box as Sides)] }), good);
    assert.equal(again.asked.length, 2);
    assert.match(JSON.stringify(again.asked[1]), said);
  }
  const plain = await judge(apiError(400, "response_format type json_schema is not supported"), good);
  assert.deepEqual((plain.marks as { verdict: string }[])[0].verdict, "right");
  const never = await judge("It looks nice.");
  assert.ok(never.marks instanceof LanguageModelError && never.marks.exitCode === 5);
});

Deno.test("a vision model says what differs from a target", async () => {
  const operations = [
    { kind: "replace", object: "a pear", words: "a red car", box: sides(500, 0, 1000, 1000) },
    { kind: "remove", object: "a bee", words: null, box: sides(0, 0, 200, 200) },
  ];
  await using model = fakeModel(JSON.stringify({ caption: "a pear and a bee", operations }));
  const options = { llmUrl: model.url, llmModel: "fake", environment: {} };
  assert.deepEqual(await visionDifference("a red car", page, "a pear", options), {
    caption: "a pear and a bee",
    target: "a red car",
    operations: [
      { kind: "replace", object: "a pear", words: "a red car", box: [0.5, 0, 1, 1] },
      { kind: "remove", object: "a bee", box: [0, 0, 0.2, 0.2] },
    ],
  });
});
