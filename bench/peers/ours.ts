/**
 * A model through this program: seconds to load, of each step and to decode, as one line of JSON.
 *
 *     deno run -A ours.ts MODEL SIDE STEPS
 *
 * One evaluation a step, without guidance, as the peers beside this file have it.
 *
 * @module
 */
import { paint } from "../../src/generate.ts";
import { loadModel } from "../../src/pipeline/model.ts";

const [path, side, steps] = Deno.args;
const started = performance.now();
using model = await loadModel(path);
const load = (performance.now() - started) / 1000;
const { timings } = await paint(model, {
  prompt: "a red apple",
  width: Number(side),
  height: Number(side),
  steps: Number(steps),
  cfgScale: 1,
  seed: 1,
});
console.log(JSON.stringify({ load, step: Math.min(...timings.steps), decode: timings.decode }));
