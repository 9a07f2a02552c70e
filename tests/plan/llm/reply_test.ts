import assert from "@std/assert";
import fc from "fast-check";
import { PlannerError } from "../../../src/errors.ts";
import { type Plan, type PlanCell, regionsOf } from "../../../src/plan/plan.ts";
import { readReply } from "../../../src/plan/llm/reply.ts";
import { formatSplitRatio } from "../../../src/region/split_ratio.ts";

/** A line of tests/replies/: a reply and the plan it holds, or what the error says. */
interface Story {
  reply: string;
  splitRatio?: string;
  prompts?: string[];
  basePrompt?: string;
  error?: string;
}

function storiesIn(file: string): Story[] {
  const text = Deno.readTextFileSync(new URL(`../../replies/${file}`, import.meta.url));
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

function tell({ reply, splitRatio, prompts, basePrompt, error }: Story): void {
  if (error !== undefined) {
    assert.throws(
      () => readReply(reply, "a prompt"),
      (thrown: unknown) => thrown instanceof PlannerError && thrown.message.includes(error),
      reply,
    );
    return;
  }
  const plan = readReply(reply, "a prompt");
  assert.deepEqual(
    [plan.splitRatio.replaceAll(" ", ""), regionsOf(plan).map(({ prompt }) => prompt), plan.basePrompt],
    [splitRatio, prompts, basePrompt],
    reply,
  );
}

Deno.test("replies: every shape that we foresaw, and what cannot be read", () =>
  storiesIn("written.jsonl").forEach(tell));

Deno.test("replies: what real small models answered", () => storiesIn("real.jsonl").forEach(tell));

Deno.test("replies: the corpus has at least 200", () => {
  assert(storiesIn("written.jsonl").length + storiesIn("real.jsonl").length >= 200);
});

const share = fc.integer({ min: 1, max: 9 });
const rows = fc.array(fc.record({ height: share, widths: fc.array(share, { minLength: 1, maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 4,
});
/** Prompts of words that are no keyword or label; punctuation inside them but not at their ends. */
const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((word) => !/^(?:note|region|prompt|ratio)/.test(word));
const promptText = fc.tuple(
  word,
  fc.array(fc.tuple(fc.constantFrom(" ", ", ", "-", " & ", "'s "), word), { maxLength: 6 }),
)
  .map(([first, rest]) => first + rest.map(([sign, word]) => sign + word).join(""));
const drafts = rows.chain((rows) => {
  const cells = rows.reduce((sum, row) => sum + row.widths.length, 0);
  return fc.record({
    splitRatio: fc.constant(formatSplitRatio(rows)),
    prompts: fc.array(promptText, { minLength: cells, maxLength: cells }),
  });
});
type Draft = { splitRatio: string; prompts: string[] };

/** Ways to write a plan, as models do. */
const SHAPES: ((draft: Draft) => string)[] = [
  ({ splitRatio, prompts }) => `Final split ratio: ${splitRatio}\nRegional Prompt: ${prompts.join(" BREAK ")}`,
  ({ splitRatio, prompts }) =>
    `**Final split ratio:** ${splitRatio}.\n**Regional Prompts:**\n${prompts.join("\nBREAK\n")}`,
  ({ splitRatio, prompts }) =>
    `split ratio:\`${splitRatio}\`\n\nregional prompt:\n\n${prompts.join("\n\nBREAK\n\n")}\n\nNote: done.`,
  ({ splitRatio, prompts }) =>
    "```\nFinal split ratio: [" + splitRatio + "]\nRegional Prompt: " + prompts.join(" BREAK\n") + "\n```",
  ({ splitRatio, prompts }) =>
    `<think>1;1</think>Split Ratio: ${splitRatio}\n${prompts.map((p, i) => `Region ${i + 1}: ${p}`).join("\n")}`,
  ({ splitRatio, prompts }) => JSON.stringify({ split_ratio: splitRatio, regions: prompts }),
  ({ splitRatio, prompts }) =>
    "Of course.\n```json\n" + JSON.stringify({ splitRatio, regions: prompts.map((prompt) => ({ prompt })) }, null, 2) +
    "\n```",
];

Deno.test("replies: a plan reads back the same from every shape", () => {
  fc.assert(
    fc.property(drafts, fc.constantFrom(...SHAPES), ({ splitRatio, prompts }, shape) => {
      tell({ reply: shape({ splitRatio, prompts }), splitRatio, prompts });
    }),
    { numRuns: 500 },
  );
});

Deno.test("replies: a nested plan with everything in it reads back the same from JSON", () => {
  const region = fc.record(
    {
      prompt: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ""),
      negativePrompt: promptText,
    },
    { requiredKeys: ["prompt"], noNullPrototype: true },
  );
  const cells = fc.array(
    fc.oneof(region, fc.tuple(region, region).map((regions): PlanCell => ({ splitRatio: "1;2", regions }))),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(fc.property(cells, (regions) => {
    const splitRatio = regions.map(() => "1").join(",");
    assert.deepEqual(readReply(JSON.stringify({ splitRatio, regions }), "p").regions, regions);
  }));
});

Deno.test("replies: any mutation reads as a valid plan or throws the typed error", () => {
  const edits = fc.array(
    fc.tuple(
      fc.nat(),
      fc.nat({ max: 12 }),
      fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom("BREAK", "\n\n", '"', "}", "{", ",", ";", ":", "```", "**", "<think>", "[[", "0"),
      ),
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(drafts, fc.constantFrom(...SHAPES), edits, (draft, shape, edits) => {
      let reply = shape(draft);
      for (const [at, length, text] of edits) {
        const start = at % (reply.length + 1);
        reply = reply.slice(0, start) + text + reply.slice(start + length);
      }
      let plan: Plan;
      try {
        plan = readReply(reply, "p");
      } catch (error) {
        assert(error instanceof PlannerError, `${error}`);
        return;
      }
      assert(regionsOf(plan).length === 1 || regionsOf(plan).every(({ prompt }) => prompt.trim() !== ""));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("replies: floods of brackets, tags and labels are refused, soon", () => {
  const start = performance.now();
  for (const piece of ["{", '{"a":[', "[", "<think>", "BREAK ", "split ratio: ", "regional prompt:", "1,", "```\n"]) {
    assert.throws(() => readReply(piece.repeat(60_000 / piece.length), "p"), PlannerError);
  }
  assert.throws(() => readReply("x".repeat(100_000), "p"), /more than 60000/);
  assert(performance.now() - start < 20_000);
});

Deno.test("replies: briefs beside prompts, and boxes instead of a ratio", () => {
  const briefs = (reply: string) => regionsOf(readReply(reply, "x")).map(({ brief }) => brief);
  const lines = "Final split ratio: 1,1\nRegional Prompt: a red fox in snow BREAK an owl in snow\n";
  assert.deepEqual(briefs(`${lines}**Regional Brief:** a red fox BREAK an owl`), ["a red fox", "an owl"]);
  assert.deepEqual(briefs(`Regional Brief: a fox\n${lines}`), [undefined, undefined]);
  const rows = '{"rows":[{"cells":[{"brief":"a fox","prompt":"a fox in snow"},{"prompt":"an owl"}]}]}';
  assert.deepEqual(briefs(rows), ["a fox", undefined]);
  const boxes = (box: string) => `{"regions":[{"prompt":"a cat","box":${box},"depth":1}]}`;
  const cat = { prompt: "a cat", box: [0.1, 0.2, 0.5, 1], depth: 1 };
  assert.deepEqual(regionsOf(readReply(boxes("[0.1,0.2,0.5,1]"), "x")), [cat]);
  assert.deepEqual(regionsOf(readReply(boxes('{"left":0.1,"top":0.2,"right":0.5,"bottom":1}'), "x")), [cat]);
  for (const wrong of ["[0,0,1]", '"all"', "[10,10,90,90]"]) {
    assert.throws(
      () => readReply(boxes(wrong), "x"),
      (error: Error) => error instanceof PlannerError && /box/.test(error.message),
    );
  }
});
