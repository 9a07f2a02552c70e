import assert from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import { format, MAX_DEPTH, parsePrompt } from "../../src/text/prompt.ts";
import { scheduleOf } from "../../src/text/schedule.ts";
import { composed, splitPrompt } from "../../src/text/split.ts";
import { weigh } from "../../src/text/weights.ts";
import goldens from "../golden/text/prompts.json" with { type: "json" };

Deno.test("editing, alternation and emphasis are A1111's, by a grammar nobody here wrote a parser for", () => {
  for (const { prompt, says, emphasis } of goldens) {
    const { variants, at } = scheduleOf(parsePrompt(prompt), says.length);
    let expected = "";
    says.forEach((said, step) => {
      if (typeof said === "string") expected = said;
      assert.equal(variants[at[step]].text, expected, `${JSON.stringify(prompt)} at step ${step + 1}`);
    });
    const pieces = weigh(variants[at.at(-1)!].nodes).filter((piece) => piece.kind === "text" && piece.text !== "");
    const found = pieces.map((piece) => piece.kind === "text" ? [piece.text, Number(piece.weight.toFixed(9))] : []);
    assert.deepEqual(joined(found as Pair[]), joined(emphasis as Pair[]), JSON.stringify(prompt));
  }
});

type Pair = [string, number];
/** Neighbours of one weight are one piece. */
function joined(pieces: Pair[]): Pair[] {
  const out: Pair[] = [];
  for (const [text, weight] of pieces) {
    const last = out.at(-1);
    if (last && Math.abs(last[1] - weight) < 1e-8) last[0] += text;
    else out.push([text, weight]);
  }
  return out.map(([text, weight]) => [text, Math.round(weight * 1e6) / 1e6]);
}

Deno.test("a variant that comes again is encoded once", () => {
  const { variants, at } = scheduleOf(parsePrompt("a [fox|owl|fox]"), 7);
  assert.deepEqual(variants.map(({ text }) => text), ["a fox", "a owl"]);
  assert.deepEqual(at, [0, 1, 0, 0, 1, 0, 0]);
});

Deno.test("LoRA tags leave the text and say their weights", () => {
  const { nodes } = parsePrompt(
    "a fox <lora:ink wash:0.8>, [<lyco:b>|<lora:c:0.5:-1>] <lora:d:te=0.2:unet=1.5> <3 <x>",
  );
  const loras = nodes.flatMap((node) => node.kind === "alternate" ? node.options.flat() : [node]).filter((n) =>
    n.kind === "lora"
  );
  assert.deepEqual(loras.map(({ name, textEncoder, unet }) => [name, textEncoder, unet]), [
    ["ink wash", 0.8, 0.8],
    ["b", 1, 1],
    ["c", 0.5, -1],
    ["d", 0.2, 1.5],
  ]);
  assert.deepEqual(weigh(nodes).map((piece) => "text" in piece && piece.text), ["a fox ,   <3 <x>"]);
  for (const tag of ["<lora:a:high>", "<lora::1>", "<lora:a:1:2:3>"]) assert.throws(() => parsePrompt(tag), UsageError);
});

Deno.test("embeddings: by their prefix, by bare name, in quotes and escaped", () => {
  const names = ["bad hands v2", "neg(1)", "ohwx"];
  const found = (text: string) => parsePrompt(text, names).nodes.flatMap((n) => n.kind === "embedding" ? n.name : []);
  assert.deepEqual(found('embedding:"bad hands v2", embedding:neg\\(1\\) embedding:a-b.c. embedding:x'), [
    "bad hands v2",
    "neg(1)",
    "a-b.c",
    "x",
  ]);
  assert.deepEqual(found('Bad  hands v2, "neg(1)", (neg\\(1\\):1.2), OHWX ohwxy'), [
    "Bad hands v2",
    "neg(1)",
    "neg(1)",
    "OHWX",
  ]);
  assert.deepEqual(weigh(parsePrompt("(a ohwx:1.5)", names).nodes).map(({ kind }) => kind), ["text", "embedding"]);
});

Deno.test("AND joins prompts with weights; emphasis around a keyword holds on both sides", () => {
  const parts = (text: string) => composed(text).map(({ text, weight }) => [text, weight]);
  assert.deepEqual(parts("a fox :1.2 AND an owl :0.8"), [["a fox", 1.2], ["an owl", 0.8]]);
  assert.deepEqual(parts("a fox at 10:30 AND (an owl:1.3)AND b:-.5"), [["a fox at 10:30", 1], ["(an owl:1.3)", 1], [
    "b",
    -0.5,
  ]]);
  assert.deepEqual(parts("(a AND [b]:1.2)"), [["(a:1.2)", 1], ["([b]:1.2)", 1]]);
  assert.deepEqual(parts("A FOX AND AN OWL"), [["A FOX AND AN OWL", 1]]);
  assert.deepEqual(parts("a :1.2"), [["a", 1.2]]);
  assert.deepEqual(parts("Chapter: 3"), [["Chapter: 3", 1]]);
  const texts = (text: string) => splitPrompt(parsePrompt(text), ["BREAK"]).map(({ text }) => text);
  assert.deepEqual(texts("(a fox BREAK an owl:1.3)"), ["(a fox:1.3)", "(an owl:1.3)"]);
  assert.deepEqual(texts("((a BREAK b:1.1) c, BREAK d"), ["((a:1.1)", "(b:1.1) c", "d"]);
  assert.deepEqual(texts("a [BREAK] b (BREAK) c"), ["a", "b", "c"]);
  assert.deepEqual(texts("a (b BREAK) c"), ["a (b)", "c"]);
  assert.deepEqual(texts("[a BREAK b:0.5] BREAKFAST"), ["[a BREAK b:0.5] BREAKFAST"]);
});

Deno.test("any text parses, writes itself again and keeps its letters", () => {
  const signs = fc.constantFrom(
    ...'ab([|:])<>{}\\"_ ,',
    "0.5",
    "1.2)",
    "BREAK",
    " AND ",
    "<lora:a:1>",
    "embedding:x",
    "é",
    "\ud800",
  );
  const text = fc.array(signs, { maxLength: 60 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary" })), fc.integer({ min: 1, max: 30 }), (text, steps) => {
      const prompt = parse(text);
      if (!prompt) return;
      assert.equal(format(prompt.nodes, prompt), text);
      const { variants, at } = scheduleOf(prompt, steps);
      assert.equal(at.length, steps);
      for (const { nodes } of variants) weigh(nodes);
      for (const part of composed(text)) parsePrompt(part.text);
      splitPrompt(prompt, ["BREAK", "AND", "ADDCOL"]);
    }),
    { numRuns: 2000 },
  );
});

/** Nothing for what is refused with a typed error. */
function parse(text: string) {
  try {
    return parsePrompt(text, ["ohwx"]);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
  }
}

Deno.test("a quarter of a megabyte of any sign is read", () => {
  const units = [
    "a ",
    "(",
    "[",
    "[a",
    "[a:",
    "[a:b:1]",
    "([",
    "()",
    "[a|b]",
    ":1",
    ":",
    "1",
    "\\",
    "<a:",
    'embedding:"',
    "BREAK ",
    "(a AND b)",
    " ",
    "ADD ",
  ];
  for (const unit of units) {
    const prompt = parse(unit.repeat(2 ** 18 / unit.length)); // anything quadratic would not come back
    if (!prompt) continue;
    for (const { nodes } of scheduleOf(prompt, 2).variants) weigh(nodes);
    splitPrompt(prompt, ["BREAK", "AND"]);
  }
});

Deno.test("brackets deeper than sense are refused by name", () => {
  parsePrompt("(".repeat(MAX_DEPTH) + "a" + ")".repeat(MAX_DEPTH));
  assert.throws(
    () => parsePrompt("[".repeat(200)),
    (e: Error) => e instanceof UsageError && /100 brackets/.test(e.message),
  );
  const deep = Array(150).fill("[").join("a:") + "b" + ":1]".repeat(150);
  assert.throws(() => parsePrompt(deep), UsageError);
});
