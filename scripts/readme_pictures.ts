/**
 * Makes README's pictures with the bundled model: docs/first.png as README's first command draws it, and
 * docs/compare.png, the same words drawn plainly and planned with seeds 1 and 2: six things, more than the model draws
 * right by itself. Run: deno run -A scripts/readme_pictures.ts
 *
 * @module
 */
import { loadModel, makePlan, paint, type Picture, plainPlan, savePicture } from "../src/mod.ts";
import { encodePng } from "../src/formats/png.ts";
import { row } from "./row.ts";

const FIRST = "a red apple on the left and a blue teapot on the right";
const COMPARED = "a fox, a purple umbrella, a yellow car, a boy in a blue shirt, a penguin and a red tractor";

using model = await loadModel();

const first = await paint(model, { plan: await makePlan(FIRST, { planner: "rules" }) });
await savePicture("docs/first.png", first, model, { force: true });

const pictures: Picture[] = [];
for (const seed of [1, 2]) {
  for (const plan of [plainPlan(COMPARED, "none"), await makePlan(COMPARED, { planner: "rules" })]) {
    pictures.push((await paint(model, { plan, seed, width: 384, height: 256 })).image);
  }
}
await Deno.writeFile(
  "docs/compare.png",
  encodePng(row(pictures), { prompt: `${COMPARED}; plain, planned, seeds 1 and 2` }),
);
