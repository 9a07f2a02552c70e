/** CFG++: the negative prompt's prediction comes beside the guided one, in every mode and from a picture, too. */
import assert from "@std/assert";
import { paint } from "../../src/generate.ts";
import { filled } from "../../src/picture/picture.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { testDevice } from "../ops/harness.ts";

const folder = new URL("../golden/models/sd1", import.meta.url).pathname;
const common = { width: 64, height: 64, steps: 3, seed: 5 } as const;

Deno.test("guided by nothing, CFG++ draws the negative prompt; guided more, it leaves it", async () => {
  // In f32: how a norm is cut depends on the batch, and halfs would show that.
  const model = await loadModel(folder, { device: await testDevice(), type: "f32" });
  try {
    const draw = async (options: GenerateOptions) => (await paint(model, { ...common, ...options })).image.data;
    const away = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a, (value, i) => Math.abs(value - b[i])).reduce((sum, off) => sum + off, 0) / a.length;
    const pear = await draw({ prompt: "a pear", samplingMethod: "euler", cfgScale: 1 });
    const cfgPp = (cfgScale?: number) =>
      draw({ prompt: "an apple", negativePrompt: "a pear", samplingMethod: "euler_cfg++", cfgScale });
    const [none, usual, all] = [await cfgPp(0), await cfgPp(), await cfgPp(1)];
    assert.ok(away(none, pear) < 0.01, `${away(none, pear)} levels`);
    assert.ok(away(usual, pear) > 0.1 && away(all, pear) > away(usual, pear), "guidance does nothing");

    const plan = planFromRegions({ regions: "a pear BREAK a pear", splitRatio: "1,1", mode: "latent" });
    const same = { negativePrompt: "a pear", samplingMethod: "euler_a_cfg++", cfgScale: 0.7 } as const;
    const ancestral = { prompt: "a pear", samplingMethod: "euler_a", cfgScale: 1 } as const;
    for (const initImage of [undefined, filled(64, 64, [90, 120, 30, 255])]) {
      const regional = await draw({ plan, initImage, ...same });
      assert.ok(away(regional, await draw({ initImage, ...ancestral })) < 0.01, "not Euler's step where prompts agree");
    }
  } finally {
    model.close();
  }
});
