/**
 * Draw a picture from a plan that is written here, and save it with its settings.
 * Run: deno run -A examples/draw_plan.ts [model]
 */
import { generate, loadModel, parsePlan, savePng } from "../src/mod.ts";

const plan = parsePlan({
  prompt: "a red apple and a blue teapot under a yellow sun",
  splitRatio: "1,1;2,1,1", // the first number of a row is its height
  regions: [{ prompt: "a yellow sun" }, { prompt: "a red apple" }, { prompt: "a blue teapot" }],
});

const model = await loadModel(Deno.args[0]);
const run = generate(model, { plan, seed: 7 });
let next = await run.next();
while (!next.done) {
  console.log(`step ${next.value.step} of ${next.value.steps}, ${next.value.seconds.toFixed(2)} s`);
  next = await run.next();
}
console.log(await savePng("draw_plan_%02d.png", next.value, model));
model.close();
