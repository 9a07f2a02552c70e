import assert from "@std/assert";
import { formatParameters, parseParameters } from "../../src/formats/parameters.ts";

Deno.test("parameters are written as the web UI writes them", () => {
  const text = formatParameters({
    prompt: "a red apple,\na blue teapot",
    negativePrompt: "blurry",
    fields: { Steps: "20", Sampler: "DPM++ 2M", "Schedule type": "Karras", Size: "512x768", Model: "my, model" },
  });
  assert.equal(
    text,
    "a red apple,\na blue teapot\nNegative prompt: blurry\n" +
      'Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, Size: 512x768, Model: "my, model"',
  );
});

Deno.test("what was written reads back, odd prompts too", () => {
  const fields = { Steps: "20", Seed: "42", Size: "64x64", Note: 'says "a: b", twice\nand more' };
  for (const prompt of ["a dog", "two lines\nof prompt", "ratio: 3, scale: 2", "", "一只红苹果"]) {
    for (const negativePrompt of [undefined, "bad hands, text: no\nsecond line"]) {
      const parameters = { prompt, ...(negativePrompt ? { negativePrompt } : {}), fields };
      assert.deepEqual(parseParameters(formatParameters(parameters)), parameters);
    }
  }
});

Deno.test("text of another tool without parameters is a prompt", () => {
  assert.deepEqual(parseParameters("just a prompt: with a colon"), {
    prompt: "just a prompt: with a colon",
    fields: {},
  });
});

Deno.test("other tools' habits: no space behind the label, Windows line ends", () => {
  const fields = { Steps: "20", Sampler: "Euler a", Seed: "1" };
  const line = "Steps: 20, Sampler: Euler a, Seed: 1";
  assert.deepEqual(parseParameters(`a cat\r\nNegative prompt:blurry, ugly\r\n${line}\r\n`), {
    prompt: "a cat",
    negativePrompt: "blurry, ugly",
    fields,
  });
});

Deno.test("a text of any length is read in the time of its length", () => {
  for (const part of ["a", "a ", "a: ", 'a: "', 'a: "\\"', 'a: "\\",', " ", "a:b,"]) {
    // Quadratic time would be minutes for the first.
    for (const length of [130_000, 4_000_000]) parseParameters(part.repeat(length / part.length));
  }
});
