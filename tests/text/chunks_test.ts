import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { tokenize } from "../../src/text/chunks.ts";
import { clipVocabulary } from "../../src/text/clip_vocabulary.ts";
import { clipTokenizer } from "../../src/text/tokenizer.ts";

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

Deno.test("a full chunk ends behind the last comma of its last 20 tokens, or where it is full", () => {
  const lengths = (text: string, atComma?: boolean) =>
    tokenize(tokenizer, text, { atComma }).chunks.map(({ eosIndex }) => eosIndex - 1);
  const withComma = (place: number) => "cat ".repeat(place) + ", " + "dog ".repeat(79 - place);
  assert.deepEqual(lengths(withComma(70)), [71, 9]);
  assert.deepEqual(lengths(withComma(70), false), [75, 5]);
  assert.deepEqual(lengths(withComma(55)), [56, 24]);
  assert.deepEqual(lengths(withComma(54)), [75, 5]); // 21 tokens back
  assert.deepEqual(lengths("cat ".repeat(75) + ", dog"), [75, 2]);
  const { chunks: [, { ids, weights }] } = tokenize(tokenizer, "cat ".repeat(70) + ", (" + "dog ".repeat(9) + ":1.5)");
  assert.equal(ids[1], 1929);
  near(weights[9], 1.5);
});

Deno.test("BREAK begins a new chunk, also within emphasis, and nothing warns of it", () => {
  const { chunks, warnings } = tokenize(tokenizer, "(a cat BREAK a dog:1.2) BREAK");
  assert.deepEqual(chunks.map(({ ids }) => [...ids.slice(1, 4)]), [[320, 2368, 49407], [320, 1929, 49407]]);
  near(chunks[1].weights[1], 1.2);
  assert.deepEqual(warnings, []);
  assert.equal(tokenize(tokenizer, "BREAK a").chunks.length, 2);
});

Deno.test("an embedding stands in one chunk, and a bare name is one in any case", () => {
  const { chunks } = tokenize(tokenizer, "cat ".repeat(74) + "Easy, ugly.V2");
  assert.deepEqual(chunks.map(({ ids }) => [...ids.slice(1, 5)]), [[2368, 2368, 2368, 2368], [
    49408,
    49409,
    267,
    49410,
  ]]);
});

Deno.test("emphasis beyond all numbers is refused", () => {
  const text = "(".repeat(9) + "a" + `:${"9".repeat(60)})`.repeat(9);
  assert.throws(() => tokenize(tokenizer, text), (error) => error instanceof UsageError && /"a"/.test(error.message));
});
