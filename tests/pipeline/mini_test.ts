/** The bundled model draws what StableDiffusionPipeline draws with the same folder (tests/oracle/mini.py). */
import assert from "@std/assert";
import { testDevice } from "../ops/harness.ts";
import { type Case, compare, drawCase, verdict } from "./judge.ts";

const golden = new URL("../golden/mini/", import.meta.url).pathname;
const weights = new URL("../../weights", import.meta.url).pathname;

Deno.test("the bundled model's pictures are those of diffusers", async () => {
  const cases: Record<string, Case> = JSON.parse(Deno.readTextFileSync(`${golden}cases.json`));
  const device = await testDevice();
  for (const [name, one] of Object.entries(cases)) {
    for (const type of ["f32", "f16"] as const) {
      const { image } = await drawCase(weights, one, type, device);
      assert.equal(verdict(await compare(image, `${golden}${name}.png`), type), undefined, `${name} in ${type}`);
    }
  }
});
