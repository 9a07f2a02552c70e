/**
 * The same words and the same seed, drawn plainly and with a plan. Gives up after two minutes.
 * Run: deno run -A examples/compare.ts [model]
 */
import { generate, type GenerateOptions, loadModel, makePlan, plainPlan, savePng } from "../src/mod.ts";

const prompt = "a green pear on the left and a purple cup on the right";
const signal = AbortSignal.timeout(120_000);
const model = await loadModel(Deno.args[0]);

async function draw(options: GenerateOptions): Promise<string> {
  const run = generate(model, { seed: 1, signal, ...options });
  let next = await run.next();
  while (!next.done) next = await run.next();
  return await savePng("compare_%02d.png", next.value, model);
}

console.log("plain:  ", await draw({ plan: plainPlan(prompt, "none") }));
console.log("planned:", await draw({ plan: await makePlan(prompt, { planner: "rules", signal }) }));
model.close();
