/** Prompts whose encoding goes on while other things are made ready. */
import assert from "@std/assert";
import { CancelledError } from "../../src/errors.ts";
import { paint } from "../../src/generate.ts";
import { tokenizePrompts } from "../../src/pipeline/encode_prompts.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { tokenize } from "../../src/text/chunks.ts";
import { clipVocabulary } from "../../src/text/clip_vocabulary.ts";
import { clipTokenizer } from "../../src/text/tokenizer.ts";
import { testDevice } from "../ops/harness.ts";

Deno.test("what is cancelled at the second text encoder leaves the first to nobody, and harms nothing", async () => {
  const folder = new URL("../golden/models/sdxl", import.meta.url).pathname;
  using model = await loadModel(folder, { device: await testDevice() });
  const stop = new AbortController();
  const { hold } = model;
  let held = 0;
  model.hold = async (stage, offload) => {
    if (++held === 2) stop.abort();
    return await hold.call(model, stage, offload);
  };
  const asked = { prompt: "a fox", width: 64, height: 64, steps: 1 };
  await assert.rejects(() => paint(model, { ...asked, signal: stop.signal }), CancelledError);
  await paint(model, asked);
});

Deno.test("where weights leave the device, no text encoder comes before it has done with the one before", async () => {
  const folder = new URL("../golden/models/sdxl", import.meta.url).pathname;
  const device = await testDevice();
  using model = await loadModel(folder, { device, offload: true });
  const { hold } = model;
  let there: number[] = [];
  model.hold = async (stage, offload) => {
    if (stage.name === "encoding") there.push(device.allocatedBytes);
    return await hold.call(model, stage, offload);
  };
  for (const prompt of ["a fox", "an owl"]) { // what stands for absent operands stays after the first
    there = [];
    await paint(model, { prompt, width: 64, height: 64, steps: 1 });
  }
  assert.equal(there.length, 2);
  assert.equal(there[1], there[0], "what is read of the first encoder is still on its way");
});

Deno.test("a prompt that one tokenizer cuts into more chunks than the other has as many in both", async () => {
  const folder = new URL("../golden/models/sdxl", import.meta.url).pathname;
  using model = await loadModel(folder, { device: await testDevice(), lazy: true });
  const tokenizers = [undefined, "!" as const].map((pad) => clipTokenizer(clipVocabulary(pad)));
  const prompt = `${"dog ".repeat(71)}wow!!! ok`;
  assert.deepEqual(tokenizers.map((tokenizer) => tokenizer.encode(prompt).length), [74, 76]);
  const { checkpoint, textEncoders } = model;
  const networks = { textEncoders, checkpoint: { ...checkpoint, tokenizers } };
  const { prompts } = tokenizePrompts(networks, [prompt, "an owl"], {});
  assert.deepEqual(prompts.texts.map(({ chunks }) => chunks.map(({ length }) => length)), [[2, 2], [1, 1]]);
  assert.deepEqual(prompts.texts[0].chunks[0][1], tokenize(tokenizers[0], "").chunks[0]);
});

Deno.test("what is drawn again larger takes the embeddings of the first time", async () => {
  const folder = new URL("../golden/models/sdxl", import.meta.url).pathname;
  using model = await loadModel(folder, { device: await testDevice() });
  const { hold } = model;
  let encoded = 0;
  model.hold = async (stage, offload) => {
    if (stage.name === "encoding") encoded++;
    return await hold.call(model, stage, offload);
  };
  await paint(model, { prompt: "a [cat|dog]", width: 64, height: 64, steps: 2, hiresScale: 2 });
  assert.equal(encoded, model.textEncoders.length);
});
