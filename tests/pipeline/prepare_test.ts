/** What is refused before any work, and what prompts come to. */
import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { filled, pasted, type Picture } from "../../src/picture/picture.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { testDevice } from "../ops/harness.ts";

Deno.test("a drawing knows every text of its prompts, and refuses layers that the text encoder lacks", async () => {
  const path = new URL("../golden/models/sd1", import.meta.url).pathname;
  using model = await loadModel(path, { device: await testDevice(), offload: true });
  const size = { width: 64, height: 64, steps: 4 };
  const { prompts, context, wording } = await prepare(model, {
    ...size,
    prompt: "a [cat|dog] AND [b:c:2]",
    clipSkip: 2,
  });
  assert.deepEqual(prompts.choice, { skip: 1, finalNorm: true });
  const texts = ["", "a cat", "a dog", "b", "c"];
  assert.deepEqual(prompts.texts.map(({ prompt }) => prompt).sort(), texts);
  assert.equal(context.tokens, texts.length * 77);
  assert.deepEqual([0, 1, 2, 3, 9].map((step) => wording.at("[b:c:2]", step)), ["b", "b", "c", "c", "c"]);
  const layers = model.textEncoders[0].network.layers;
  await assert.rejects(
    prepare(model, { ...size, prompt: "a", clipSkip: layers + 1 }),
    (error: Error) => error instanceof UsageError && error.message.includes(`only ${layers} layers`),
  );
  // A recipe could not say a size that is taken over from a picture larger than any that is asked for.
  const initImage = filled(8200, 1, [0, 0, 0, 255]);
  await assert.rejects(prepare(model, { prompt: "a", initImage }), /The width 8200 is more than 8192 pixels/);
  await prepare(model, { prompt: "a", initImage, width: 64, height: 64 });
  // A line that the network does not see, and one that it sees.
  const line = (y: number) => pasted(filled(64, 64, [0, 0, 0, 255]), filled(64, 1, [255, 255, 255, 255]), 0, y);
  const under = { ...size, prompt: "a", initImage: line(0) };
  await assert.rejects(prepare(model, { ...under, mask: line(9) }), /too fine for 64×64/);
  const both = { ...line(8), data: line(8).data.map((value, i) => Math.max(value, line(30).data[i])) };
  const warned = async (mask: Picture) => (await prepare(model, { ...under, mask })).warnings;
  assert.deepEqual(await warned(line(8)), []);
  const [warning, ...others] = await warned(both);
  assert.match(
    warning,
    /^50 % of the mask's white \(64 pixels\) is too fine for 64×64 pixels.* nothing new is painted/,
  );
  assert.deepEqual(others, []);
});

Deno.test("a negative prompt that nothing reads is told of, whoever says it", async () => {
  const path = new URL("../golden/models/sd1", import.meta.url).pathname;
  using model = await loadModel(path, { device: await testDevice(), offload: true });
  const size = { width: 64, height: 64, steps: 2 };
  const regions = [{ prompt: "a cat", negativePrompt: "a hat" }, { prompt: "a dog" }];
  const plan = { prompt: "a cat and a dog", splitRatio: "1,1", regions, planner: "test" };
  const toldOf = async (options: Parameters<typeof prepare>[1]) =>
    (await prepare(model, { ...size, ...options })).warnings.some((line) => /no guidance at --cfg-scale 1/.test(line));
  assert.equal(await toldOf({ prompt: "a cat", negativePrompt: "a hat", cfgScale: 1 }), true);
  assert.equal(await toldOf({ plan, cfgScale: 1 }), true);
  assert.equal(await toldOf({ plan, cfgScale: 1.5 }), false);
  assert.equal(await toldOf({ plan, cfgScale: 1, samplingMethod: "euler_cfg++" }), false);
  assert.equal(await toldOf({ prompt: "a cat", cfgScale: 1 }), false);
});
