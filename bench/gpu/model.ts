/**
 * A model of published size with random weights: load, step, decode, and what regions cost.
 *
 *     deno run -A model.ts sd1|sdxl [--small]
 *
 * @module
 */
import { paint } from "../../src/generate.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { plainPlan, type Plan } from "../../src/plan/plan.ts";
import { type Published, randomModel } from "../random_model.ts";
import { regional } from "../regional.ts";
import { say } from "./rows.ts";

const family = Deno.args[0] as Published;
const small = Deno.args.includes("--small");
const side = small ? 128 : family === "sdxl" ? 1024 : 512;
const title = family === "sdxl" ? "SDXL" : "SD 1.5";
const header = ["model, f16, guided", "", ""];
const tell = (what: string, seconds: number, more = "") => {
  const time = seconds < 1 ? `${(1000 * seconds).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
  say("Models", header, [`${title}, ${side}²: ${what}`, time, more]);
};

// The rehearsal takes the tests' tiny models: the way is the same.
const path = small
  ? new URL(`../../tests/golden/models/${family}`, import.meta.url).pathname
  : await randomModel(family);
const started = performance.now();
using model = await loadModel(path);
const load = (performance.now() - started) / 1000;
tell("load", load, `${(model.weightsBytes / 2 ** 20 / load).toFixed(0)} MiB/s`);

const size = { width: side, height: side, steps: small ? 2 : 6, cfgScale: 5, seed: 1 };
const draw = async (plan: Plan) => {
  const { image, timings, memory } = await paint(model, { plan, ...size });
  const [steps, levels] = [timings.steps.slice(1), image.data.filter((_, i) => i % 4 < 3)];
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  return { step: Math.min(...steps), flat: levels.every((level) => level === levels[0]), mean, timings, memory };
};
const plans: Record<string, Plan> = {
  plain: plainPlan("a red apple", "bench"),
  "8 regions": regional(4, 2),
  "16 regions": regional(4, 4),
};
const first = await draw(plans.plain);
tell("compile", first.timings.compile);
const again = await draw(plans.plain);
const plain = Math.min(first.step, again.step);
tell("step", plain);
tell("decode", again.timings.decode, again.flat ? "the picture is FLAT" : `mean level ${again.mean.toFixed(0)}`);
say("Models", header, [`${title}, ${side}²: peak memory`, `${(again.memory.peakBytes / 2 ** 30).toFixed(2)} GiB`, ""]);
for (const name of ["8 regions", "16 regions"]) {
  const { step } = await draw(plans[name]);
  tell(`step, ${name}`, step, `${(step / plain).toFixed(2)}× of plain`);
}
