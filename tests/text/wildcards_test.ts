import assert from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import { chooseWords, isDynamic, type Wildcards } from "../../src/text/wildcards.ts";

const files: Wildcards = new Map([
  ["animals", ["fox", "owl", "{red|grey} cat"]],
  ["wild/cats", ["3::lynx", "lion"]],
  ["loop", ["a __loop__"]],
  ["twice", ["__twice2__ __twice2__"]],
  ["twice2", ["__animals__ __animals__"]],
  ["empty", []],
]);
/** How often each text comes of 400 seeds. */
function counts(text: string, wildcards?: Wildcards): Record<string, number> {
  const all: Record<string, number> = {};
  for (let seed = 0; seed < 400; seed++) {
    const found = chooseWords(text, seed, { wildcards });
    all[found] = (all[found] ?? 0) + 1;
  }
  return all;
}
const outcomes = (text: string, wildcards?: Wildcards) => Object.keys(counts(text, wildcards)).sort();

Deno.test("choices: the seed takes one option, evenly or by weight, the same every time", () => {
  const even = counts("a {red|blue} fox");
  assert.deepEqual(Object.keys(even).sort(), ["a blue fox", "a red fox"]);
  for (const times of Object.values(even)) assert.ok(times > 150, JSON.stringify(even));
  const weighed = counts("{3::a|b}");
  assert.ok(weighed.a > 250 && weighed.b > 50, JSON.stringify(weighed));
  assert.equal(chooseWords("{a|b|c|d}", 2n ** 63n - 1n), chooseWords("{a|b|c|d}", 2n ** 63n - 1n));
  assert.deepEqual(outcomes("{a|}b"), ["ab", "b"]);
  assert.deepEqual(outcomes("{a|{b|c}} {d}"), ["a {d}", "b {d}", "c {d}"]);
});

Deno.test("choices: several at once, none twice", () => {
  assert.deepEqual(outcomes("{2$$a|b}"), ["a, b", "b, a"]);
  assert.deepEqual(outcomes("{2$$ and $$a|b}"), ["a and b", "b and a"]);
  assert.deepEqual(outcomes("{0-1$$a}"), ["", "a"]);
  assert.deepEqual(outcomes("{1-$$a|b}"), ["a", "a, b", "b", "b, a"]);
  assert.deepEqual(outcomes("{9$$a}"), ["a"]);
});

Deno.test("wildcards: a line of a file, in folders and by stars, with choices of its own", () => {
  assert.deepEqual(outcomes("a __Animals__", files), ["a fox", "a grey cat", "a owl", "a red cat"]);
  assert.deepEqual(outcomes("__wild/*__", files), ["lion", "lynx"]);
  assert.ok(outcomes("{2$$__wild/cats__}", files).join() === "lion, lynx,lynx, lion");
  assert.ok(counts("__wild/cats__", files).lynx > 250);
});

Deno.test("choices: alternation, editing, escapes and tags keep their bars", () => {
  assert.deepEqual(outcomes("{[a|b]|c}"), ["[a|b]", "c"]);
  for (const text of ["[a|b] a|b", "\\{a|b\\}", "a {b", "a } b", "{a", "<x:{a|b}>", "__a", "snake__case", "__name__"]) {
    assert.deepEqual(outcomes(text), [text]);
    assert.equal(isDynamic(text), false);
  }
  assert.ok(isDynamic("{a|b}") && isDynamic("__a__", files));
});

Deno.test("wildcards that lead nowhere are refused by name", () => {
  const refused = (text: string, expected: RegExp) =>
    assert.throws(
      () => chooseWords(text, 1, { wildcards: files }),
      (e: Error) => e instanceof UsageError && expected.test(e.message),
    );
  refused("__animal__", /__animal__.*Did you mean "animals"/);
  refused("__loop__", /__loop__ comes back to itself/);
  refused("__empty__", /no lines/);
  refused("{".repeat(200), /100 braces/);
  const bomb = new Map(Array.from({ length: 15 }, (_, i) => [`w${i}`, [`__w${i + 1}__ `.repeat(8)]])).set("w15", [
    "word",
  ]);
  assert.throws(
    () => chooseWords("__w0__", 1, { wildcards: bomb }),
    (e: Error) => e instanceof UsageError && /longer/.test(e.message),
  );
});

Deno.test("choices: any text gives a text, in time", () => {
  const signs = fc.constantFrom(..."ab{}|[]\\<>$_ :", "2$$", "__animals__", "1-2$$");
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 40 }), (parts) => {
      const text = parts.join("");
      assert.equal(typeof chooseWords(text, 3), "string");
      try {
        chooseWords(text, 3, { wildcards: files });
      } catch (error) {
        assert.ok(error instanceof UsageError && /which no file has/.test(error.message), `${error}`);
      }
    }),
    { numRuns: 1000 },
  );
  for (const unit of ["{a|", "_", "__a", "{2$$", "<", "a ", "{a|b}", "|"]) {
    try {
      isDynamic(unit.repeat(2 ** 20 / unit.length));
      isDynamic("{" + unit.repeat(2 ** 20 / unit.length));
    } catch (error) {
      assert.ok(error instanceof UsageError);
    }
  }
});
