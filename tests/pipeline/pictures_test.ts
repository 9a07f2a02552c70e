/** Whole pictures against diffusers: every model, sampler and kind of region (tests/oracle/pipelines.py, regions.py,
 * from_pictures.py, controls.py, loras.py, prompt_pictures.py). */
import assert from "@std/assert";
import type { Precision } from "../../src/gpu/device.ts";
import { type DeviceClass, testDevice } from "../ops/harness.ts";
import { type Case, compare, drawCase, verdict } from "./judge.ts";

const golden = new URL("../golden/", import.meta.url).pathname;

/** In f16 these: one of each model with and without regions, and where values are largest. */
const HALF =
  /_(default|playground25|five|nested|inpaint_default|inpaint_nine|latent_six|region_words|two_guess|kohya)$/;

/** Mean levels off in f32, where that is not one. */
const MOST: Record<string, number> = { loras: 0.5 };

const WHAT = {
  pipeline: "pictures",
  regions: "regional pictures",
  start: "pictures that start from pictures",
  control: "pictures that ControlNets steer",
  loras: "pictures with adapters",
  prompts: "pictures whose prompts change or are added up",
};

for (const area of Object.keys(WHAT) as (keyof typeof WHAT)[]) {
  const cases: Record<string, Case> = JSON.parse(Deno.readTextFileSync(`${golden}${area}/cases.json`));
  const judge =
    (type: Precision, names: string[], kind?: DeviceClass, matmul?: string) => async (t: Deno.TestContext) => {
      assert.ok(names.length > 0);
      const device = await testDevice(kind);
      device.forced.clear();
      if (matmul) device.forced.set("matmul", matmul);
      for (const name of names) {
        await t.step(name, async () => {
          const { image } = await drawCase(`${golden}models`, cases[name], type, device);
          assert.equal(verdict(await compare(image, `${golden}${area}/${name}.png`), type, MOST[area]), undefined);
        });
      }
    };
  const names = Object.keys(cases);
  const what = WHAT[area];
  Deno.test(`${what} are those of PyTorch in f32`, judge("f32", names));
  Deno.test(`${what} are close to PyTorch's in f16`, judge("f16", names.filter((name) => HALF.test(name))));
  // In buffers, which on GPUs hold what here is in textures.
  const few = names.filter((name) => /_(region_words|edit|attention_two)$/.test(name));
  if (few.length) Deno.test(`${what} are the same in a GPU's buffers`, judge("f32", few, "like a GPU"));
  if (area === "prompts") { // one is enough: what compiles for it takes a software adapter seconds
    const summed = judge("f16", few.slice(0, 1), "like a GPU", "tile 4 halfs ahead");
    Deno.test("pictures are close to PyTorch's where products are summed in f16", summed);
  }
}
