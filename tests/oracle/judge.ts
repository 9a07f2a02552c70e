/**
 * Draws every case of a cases.json and prints how far each is from its PNG, in both precisions:
 *
 *     deno run -A tests/oracle/judge.ts CASES_FOLDER MODELS_FOLDER [part of a name]
 */
import { openDevice, type Precision } from "../../src/gpu/device.ts";
import { type Case, compare, drawCase, verdict } from "../pipeline/judge.ts";

const [folder, models, part = ""] = Deno.args;
const cases: Record<string, Case> = JSON.parse(await Deno.readTextFile(`${folder}/cases.json`));
const device = await openDevice();
let failed = 0;
for (const [name, given] of Object.entries(cases)) {
  if (!name.includes(part)) continue;
  for (const type of ["f32", "f16"] satisfies Precision[]) {
    try {
      const { image } = await drawCase(models, given, type, device);
      const far = await compare(image, `${folder}/${name}.png`);
      const wrong = verdict(far, type);
      const figures = `mean ${far.mean.toFixed(3)}, beyond two ${far.beyondTwo.toFixed(4)}, ${far.psnr.toFixed(1)} dB`;
      console.log(`${wrong ? "FAR " : "good"} ${name} ${type}: ${figures}`);
      if (wrong) failed++;
    } catch (error) {
      failed++;
      console.log(`ERR  ${name} ${type}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}
console.log(failed ? `${failed} failed` : "all good");
Deno.exit(failed ? 1 : 0);
