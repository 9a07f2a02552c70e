import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { tokenize } from "../../src/text/chunks.ts";
import { clipVocabulary } from "../../src/text/clip_vocabulary.ts";
import { clipTokenizer } from "../../src/text/tokenizer.ts";
import { parseWeights } from "../../src/text/weighting.ts";

const embeddings = new Map([["easy", [49408, 49409]], ["ugly.v2", [49410]]]);
const tokenizer = clipTokenizer({ ...clipVocabulary("!"), embeddings });
const near = (value: number, expected: number) =>
  assert.ok(Math.abs(value - expected) < 1e-6, `${value} ≠ ${expected}`);

Deno.test("a plain prompt is one chunk: begin, tokens, end, padding", () => {
  const { chunks, warnings } = tokenize(tokenizer, "a photo of a cat");
  assert.deepEqual([...chunks[0].ids.slice(0, 9)], [49406, 320, 1125, 539, 320, 2368, 49407, 0, 0]);
  assert.deepEqual([chunks.length, chunks[0].ids.length, chunks[0].eosIndex, warnings.length], [1, 77, 6, 0]);
  assert.ok(chunks[0].weights.every((weight) => weight === 1));
});

Deno.test("an empty prompt is a chunk of its own", () => {
  const { chunks } = tokenize(tokenizer, "");
  assert.deepEqual([...chunks[0].ids.slice(0, 3)], [49406, 49407, 0]);
  assert.equal(chunks[0].eosIndex, 1);
});

Deno.test("75 tokens fit; the 76th opens a second chunk and a warning says so", () => {
  assert.equal(tokenize(tokenizer, "cat ".repeat(75)).chunks.length, 1);
  const { chunks, warnings } = tokenize(tokenizer, "cat ".repeat(75) + "dog");
  assert.deepEqual([...chunks[0].ids], [49406, ...Array(75).fill(2368), 49407]);
  assert.deepEqual([...chunks[1].ids.slice(0, 4)], [49406, 1929, 49407, 0]);
  assert.match(warnings[0], /76 tokens.*2 chunks/);
});

Deno.test("emphasis reaches the weights of its tokens", () => {
  const { chunks: [{ ids, weights }] } = tokenize(tokenizer, "a (red:1.5) [small] cat");
  assert.deepEqual([...ids.slice(1, 5)], [320, 736, 2442, 2368]);
  [1, 1.5, 1 / 1.1, 1].forEach((expected, i) => near(weights[i + 1], expected));
});

Deno.test("weights nest, unclosed brackets run to the end, unopened and escaped ones are text", () => {
  const cases: [string, [string, number][]][] = [
    ["plain", [["plain", 1]]],
    ["a ((b))", [["a ", 1], ["b", 1.21]]],
    ["(a (b:2) c:0.5)", [["a ", 0.5], ["b", 1], [" c", 0.5]]],
    ["(a [b]", [["a ", 1.1], ["b", 1]]],
    ["a (b c", [["a ", 1], ["b c", 1.1]]],
    ["a) b] c:1.2)", [["a) b] c:1.2)", 1]]],
    ["\\(a\\) \\[b\\] \\\\", [["(a) [b] \\", 1]]],
    ["[a:1.3]", [["a:1.3", 1 / 1.1]]],
    ["time 10:30 (x: -.5 )", [["time 10:30 ", 1], ["x", -0.5]]],
    ["", []],
  ];
  for (const [prompt, expected] of cases) {
    const pieces = parseWeights(prompt);
    assert.deepEqual(pieces.map((piece) => piece.text), expected.map(([text]) => text), prompt);
    pieces.forEach((piece, i) => near(piece.weight, expected[i][1]));
  }
});

Deno.test("embedding:name stands for its rows, with the emphasis around it", () => {
  const { chunks: [{ ids, weights }] } = tokenize(tokenizer, "cat, (embedding:easy.pt:1.2), embedding:ugly.v2.");
  assert.deepEqual([...ids.slice(1, 8)], [2368, 267, 49408, 49409, 267, 49410, 269]);
  near(weights[3], 1.2);
});

Deno.test("an embedding that is not loaded is refused, with the nearest name", () => {
  assert.throws(() => tokenize(tokenizer, "embedding:easi"), (error) => {
    return error instanceof UsageError && /"easi".*Did you mean "easy"/.test(error.message);
  });
});
