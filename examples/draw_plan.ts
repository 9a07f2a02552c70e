/**
 * Draw a picture from a plan that is written here, and save it with its settings.
 * Run: deno run -A examples/draw_plan.ts [model]
 */
import { loadModel, paint, parsePlan, savePicture } from "../src/mod.ts";

const plan = parsePlan({
  prompt: "a red apple and a blue teapot under a yellow sun",
  splitRatio: "1,1;2,1,1", // the first number of a row is its height
  regions: [{ prompt: "a yellow sun" }, { prompt: "a red apple" }, { prompt: "a blue teapot" }],
});

using model = await loadModel(Deno.args[0]);
const result = await paint(model, {
  plan,
  seed: 7,
  onStep: ({ step, steps, seconds }) => console.log(`step ${step} of ${steps}, ${seconds.toFixed(2)} s`),
});
console.log(await savePicture("draw_plan_%02d.png", result, model));
