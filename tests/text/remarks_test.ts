import assert from "@std/assert";
import { lorasOf, remarksOn, withoutLoras, wordsOf } from "../../src/text/remarks.ts";

Deno.test("what is not taken for what it looks like is said", () => {
  const said = (text: string, negative?: boolean) => remarksOn(text, negative).join(" ");
  assert.equal(said("a (red:1.2) [cat|dog] BREAK {word} snake_case__ a AND b"), "");
  assert.match(said("a <hypernet:ink:1> cat"), /<hypernet:ink:1>.*left out/);
  assert.match(said("[a AND b:c:0.5]"), /^AND within/);
  assert.match(said("cars AND people", true), /negative/);
  assert.match(said("A CAT AND A DOG"), /capitals/);
  assert.match(said("a {red|blue} cat"), /"\{red\|blue\}" is drawn as it is written/);
  assert.match(said("a fox --ar 16:9 --v 5"), /^"--ar 16:9" within a prompt is drawn as words: flags stand beside it/);
  assert.match(said("a boy -W 384, a cat"), /"-W 384,"/);
  assert.equal(said("a man -- a cat - 3 dogs, sub-zero, 5 --- 6"), "");
  assert.match(
    said("a fox\nNegative prompt: blurry\nSteps: 20, Seed: 5"),
    /^"Negative prompt:" within a prompt is drawn/,
  );
  assert.match(said("a fox\r\nSteps: 20, Sampler: Euler a"), /^"Steps: 20" within a prompt is drawn as words/);
  assert.equal(said("Steps: stone, worn; a negative prompt: none"), "");
  assert.match(said("an __animal/wild__"), /"__animal\/wild__" is drawn/);
});

Deno.test("LoRAs are found within edits, too, and cut out", () => {
  const text = "a [<lora:x:1>::0.5] <lora:y:0.2> cat";
  assert.deepEqual(lorasOf(text).map(({ name }) => name), ["x", "y"]);
  assert.equal(withoutLoras(text), "a [::0.5] cat");
  assert.equal(withoutLoras("a  cat"), "a  cat");
});

Deno.test("the bare words of a prompt", () => {
  const words = wordsOf("a (red:1.2) [cat|[dog:fox:3]] <lora:x:1> BREAK tea :1.2 AND \\(milk\\)").replace(/\s+/g, " ");
  assert.equal(words, " a red cat dog fox tea (milk)".trim());
});
