import assert from "@std/assert";
import { parseObject } from "../../src/files/json_file.ts";

Deno.test("Python's bare infinities are read, and the word inside a string is left alone", () => {
  const text = '{"lambda_min_clipped": -Infinity, "name": "to \\"Infinity\\" and beyond", "list": [Infinity]}';
  assert.deepEqual(parseObject(text, "scheduler_config.json"), {
    lambda_min_clipped: -Infinity,
    name: 'to "Infinity" and beyond',
    list: [Infinity],
  });
});
