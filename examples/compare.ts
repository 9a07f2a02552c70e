/**
 * The same words and the same seed, drawn plainly and with a plan. Gives up after two minutes.
 * Run: deno run -A examples/compare.ts [model]
 */
import { type GenerateOptions, loadModel, makePlan, paint, plainPlan, savePicture } from "../src/mod.ts";

const prompt = "a green pear on the left and a purple cup on the right";
const signal = AbortSignal.timeout(120_000);
using model = await loadModel(Deno.args[0]);

async function draw(options: GenerateOptions): Promise<string> {
  return await savePicture("compare_%02d.png", await paint(model, { seed: 1, signal, ...options }), model);
}

console.log("plain:  ", await draw({ plan: plainPlan(prompt, "none") }));
console.log("planned:", await draw({ plan: await makePlan(prompt, { planner: "rules", signal }) }));
