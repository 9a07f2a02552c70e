/**
 * The memory plan: what the device allocates is what was said before, and the full-size models stay within their
 * limits.
 */
import assert from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import { draw, paint, toEnd } from "../../src/generate.ts";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { plainPlan, type Plan } from "../../src/plan/plan.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import type { Offload } from "../../src/pipeline/stage.ts";
import { writeControlNet } from "./control_net.ts";
import { testDevice } from "../ops/harness.ts";
import { fullSize } from "../../bench/full_size.ts";

const golden = new URL("../golden/", import.meta.url).pathname;
const GB = 1e9;
const WAYS: Offload[] = [false, true, "stream"];

const prompt = "a fox, an owl and a bee";
const canvases = planFromRegions({ regions: "a fox BREAK an owl BREAK a bee", basePrompt: prompt, mode: "canvas" });
const PLANS: [string, Plan, steered?: boolean][] = [
  ["a plain prompt", plainPlan(prompt, "none")],
  ["canvases", canvases],
  ["canvases, then attention", { ...canvases, mode: "bind" }],
  ["a ControlNet in canvases, for half of the steps", canvases, true],
];

for (const [name, plan, steered] of PLANS) {
  Deno.test(`${name}: the device allocates what the plan said, and all ways of sparing memory draw the same picture`, async () => {
    const pictures: Uint8Array[] = [];
    const folder = await Deno.makeTempDir();
    if (steered) await writeControlNet(folder, BUNDLED_MODEL, 1);
    const controlNets = steered ? [{ model: folder, image: `${golden}start/input.png`, end: 0.5 }] : [];
    for (const offload of WAYS) {
      const device = await openDevice();
      const model = await loadModel(BUNDLED_MODEL, { device, offload, streamWindow: 2 ** 21 });
      const options = { plan, width: 96, height: 64, steps: 2, controlNets };
      pictures.push((await paint(model, options)).image.data);
      const { peak } = memoryNeed(model, await prepare(model, options));
      // Not in the plan: uniforms (256 bytes a dispatch), region maps and tables.
      const more = device.peakBytes - peak;
      assert.ok(more > -0.02 * peak && more < 2 ** 20, `${offload}: planned ${peak}, allocated ${device.peakBytes}`);
      model.close();
      device.close();
    }
    await Deno.remove(folder, { recursive: true });
    assert.deepEqual(pictures[1], pictures[0]);
    assert.deepEqual(pictures[2], pictures[0]);
  });
}

Deno.test("a GPU's transformed weights travel as the file has them, beside a step where they come late: all is in the plan", async () => {
  const device = await testDevice("like a GPU");
  for (const lazy of [false, true]) {
    const before = device.peakBytes = device.allocatedBytes;
    using model = await loadModel(BUNDLED_MODEL, { device, noTune: true, lazy });
    const options = { plan: PLANS[0][1], width: 64, height: 64, steps: 1 };
    await paint(model, options);
    const { peak } = memoryNeed(model, await prepare(model, options));
    const allocated = device.peakBytes - before;
    assert.ok(Math.abs(allocated - peak) < 0.01 * peak, `lazy ${lazy}: planned ${peak}, allocated ${allocated}`);
  }
});

Deno.test("a limit holds where all weights may stay, too: the decoder's do not travel beside a step", async () => {
  const device = await testDevice("like a GPU");
  const before = device.peakBytes = device.allocatedBytes;
  const model = await loadModel(BUNDLED_MODEL, { device, noTune: true, offload: true });
  const plan: Plan = { ...canvases, mode: "latent" }; // steps that need more than what decodes
  const drawing = { ...await prepare(model, { plan, width: 64, height: 64, steps: 1 }), offload: false };
  const { peak } = memoryNeed(model, drawing);
  await toEnd(draw(model, drawing));
  const allocated = device.peakBytes - before;
  model.close();
  assert.ok(allocated < 1.02 * peak, `planned ${peak}, allocated ${allocated}`);
});

Deno.test("phases share their memory: two need no more than the larger one, but for their inputs", async () => {
  const networks = await fullSize("sdxl", await testDevice());
  const need = async (plan: Plan) => {
    const { stages } = memoryNeed(networks, await prepare(networks, { plan, width: 1024, height: 1024 }));
    return stages.find(({ name }) => name === "sampling")!.activations;
  };
  const bound = { ...canvases, baseRatio: 0 };
  const canvas = await need(bound), attention = await need({ ...bound, mode: "attention" });
  const both = await need({ ...bound, mode: "bind" });
  const larger = Math.max(canvas, attention);
  assert.ok(both >= larger && both < 1.02 * larger, `${canvas}, ${attention}, ${both}`);
});

Deno.test("SDXL and SD 1.5 at full size stay within 8, 10 and 4 GB, on the software adapter and on a GPU", async () => {
  const goals = [["sdxl", 1024, 1024, 8], ["sdxl", 2048, 1024, 10], ["sdxl", 1024, 1792, 10], [
    "sd15",
    512,
    512,
    4,
  ]] as const;
  for (const kind of ["as it is", "like a GPU"] as const) {
    const device = await testDevice(kind);
    const before = device.allocatedBytes;
    for (const [family, width, height, limit] of goals) {
      const networks = await fullSize(family, device);
      // A device that takes larger arguments decodes a whole picture at once, unless it is told to spare memory.
      const vaeTiling = family === "sdxl" && device.maxBinding > 2 ** 27 ? "on" : "auto";
      const drawing = await prepare(networks, { prompt, width, height, vaeTiling });
      const [resident, inTurn, streamed] = WAYS.map((offload) => memoryNeed(networks, drawing, offload).peak);
      const label = `${family} ${width}×${height} ${kind}: ${resident}, ${inTurn}, ${streamed}`;
      assert.ok(resident < limit * GB, label);
      // What is left in a stream is the decoder, whose weights are in Winograd's form on GPUs.
      assert.ok(inTurn < 0.8 * resident && streamed < inTurn / 3, label);
    }
    assert.ok(
      device.allocatedBytes - before < 2 ** 20,
      "a plan allocates only the few bytes that stand for absent operands",
    );
  }
});
