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
