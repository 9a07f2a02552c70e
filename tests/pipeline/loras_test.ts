/** What distilled LoRAs ask for, by their names. */
import assert from "@std/assert";
import { type PlacedLoras, wishesOf } from "../../src/pipeline/loras.ts";
import type { PictureOptions } from "../../src/settings.ts";

const wishes = (name: string, options: PictureOptions = {}) => {
  const whole = [{ adapter: { name }, unet: 1, textEncoder: 1 }] as unknown as PlacedLoras["whole"];
  return wishesOf({ whole, regions: [], named: {} }, options);
};

Deno.test("a distilled LoRA asks for its sampler, steps and guidance; flags and what was distilled with guidance keep theirs", () => {
  const ddim = { samplingMethod: "ddim", scheduler: "trailing" };
  assert.deepEqual(wishes("Hyper-SDXL-8steps-lora").wishes, { ...ddim, steps: 8, cfgScale: 1 });
  assert.deepEqual(wishes("Hyper-SD15-12steps-CFG-lora"), {
    wishes: { ...ddim, steps: 12 },
    said: "Hyper-SD15-12steps-CFG-lora is a Hyper-SD-LoRA: drawn with the sampler ddim, the schedule trailing, " +
      "steps 12, unless flags say otherwise.",
  });
  const lightning = wishes("sdxl_lightning_4step_lora", { samplingMethod: "euler_a", cfgScale: 2 });
  assert.deepEqual(lightning.wishes, { steps: 4 });
  assert.equal(wishes("lightning_of_20000steps").wishes.steps, 4);
  assert.deepEqual(wishes("ink"), { wishes: {} });
});
