import assert from "@std/assert";
import { ModelError } from "../../src/errors.ts";
import { parseObject } from "../../src/files/json_file.ts";

Deno.test("Python's bare infinities are read, and the word inside a string is left alone", () => {
  const text = '{"lambda_min_clipped": -Infinity, "name": "to \\"Infinity\\" and beyond", "list": [Infinity]}';
  assert.deepEqual(parseObject(text, "scheduler_config.json"), {
    lambda_min_clipped: -Infinity,
    name: 'to "Infinity" and beyond',
    list: [Infinity],
  });
});

const REFUSED: [what: string, text: string, message: RegExp][] = [
  ["a key twice", '{"a": {"b": 1, "b": 2}}', /the key "b" is there twice/],
  ["a key twice, spelled otherwise", '{"ab": 1, "\\u0061b": 2}', /the key "ab" is there twice/],
  ["200,000 brackets", `{"a": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`, /more than 64 levels deep/],
  ["five million values", `{"a": [${"1,".repeat(5_000_000)}1]}`, /more than 4000000 values/],
  ["a list", "[1, [2, [3, [4, [5]]]]]", /holds \[1,\[2,\[3,…\]\]\]; expected a JSON object/],
  [
    "a long string",
    JSON.stringify("a\u001b]0;b".repeat(1e6)),
    /^x holds "a\\u001b\]0;b.{0,90}…; expected a JSON object.$/,
  ],
  ["nothing", "", /is not valid JSON/],
  ["an unfinished string", '{"a": "b', /is not valid JSON/],
];
for (const [what, text, message] of REFUSED) {
  Deno.test(`JSON with ${what} is refused in one short line`, () => {
    let said = "";
    try {
      parseObject(text, "x");
    } catch (error) {
      if (error instanceof ModelError) said = error.message;
    }
    assert.match(said, message);
    assert.ok(said.length < 300 && !said.includes("\n"), said);
  });
}

Deno.test("a string of 20 MB is a value like any other; equal keys in different objects are no doubles", () => {
  const long = 'a \\\\ \\" b'.repeat(2_000_000);
  const { x } = parseObject(`{"x": "${long}", "y": [{"k": 1}, {"k": "k"}], "k": 3}`, "x");
  assert.equal((x as string).length, JSON.parse(`"${long}"`).length);
});
