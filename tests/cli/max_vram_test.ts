import assert from "@std/assert";
import { fitWithin } from "../../src/cli/max_vram.ts";
import { GpuError, UsageError } from "../../src/errors.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { Model } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { TINY_MODEL } from "./program.ts";

Deno.test("--max-vram takes the cheapest way that fits, or refuses before any work", async () => {
  const device = await openDevice();
  const model = new Model(device, await openCheckpoint(TINY_MODEL), "f16", { offload: true, streamWindow: 2 ** 18 });
  const before = device.allocatedBytes;
  const size = { width: 1280, height: 640 };
  const drawings = {
    auto: await prepare(model, { ...size, prompt: "things" }),
    on: await prepare(model, { ...size, prompt: "things", vaeTiling: "on" }),
  };
  const peak = (vaeTiling: "auto" | "on", offload: false | true | "stream") =>
    memoryNeed(model, drawings[vaeTiling], offload).peak;
  const within = async (bytes: number, options: GenerateOptions = { ...size, prompt: "things" }, offloaded = false) => {
    const drawing = await prepare(model, options);
    const { offload, settings } = fitWithin(bytes / 2 ** 30, model, [drawing], offloaded).fit(drawing);
    return [offload, settings.vaeTiling];
  };
  assert.deepEqual(await within(2 ** 30), [false, undefined]);
  assert.deepEqual(await within(2 ** 30, size, true), [true, undefined]);
  assert.deepEqual(await within(2 ** 30, { ...size, vaeTiling: "off" }), [false, "off"]);
  // Decoding the whole picture is what needs the most; just below that it goes in tiles.
  assert.deepEqual(await within(peak("auto", false) - 1), [false, "on"]);
  assert.deepEqual(await within(peak("on", false) - 1), [true, "on"]);
  assert.deepEqual(await within(peak("on", true) - 1), ["stream", "on"]);
  // Nine regions in latent mode are ten batch entries.
  const regions = Array.from({ length: 9 }, (_, i) => `thing ${i}`);
  const plan = planFromRegions({ regions, mode: "latent" });
  assert.deepEqual(await within(peak("auto", false)), [false, undefined]);
  assert.deepEqual(await within(peak("auto", false), { ...size, plan }), [true, undefined]);
  // On canvases of their own they are few pixels each; masks say how many, so they are read.
  const canvases = planFromRegions({ regions, mode: "canvas" });
  assert.deepEqual(await within(peak("auto", false), { ...size, plan: canvases }), [false, undefined]);
  const masked = { ...canvases, regions: regions.map((prompt) => ({ prompt, mask: "nowhere.png" })) };
  await assert.rejects(prepare(model, { ...size, plan: masked }), UsageError);
  assert.throws(() => fitWithin(0.001, model, [drawings.auto]), (error: Error) => {
    return error instanceof GpuError &&
      /sd1 needs 0\.\d\d GiB to draw 1280×640, more than the 0\.001 GiB of --max-vram/.test(error.message);
  });
  assert.ok(device.allocatedBytes - before < 2 ** 20, "no weights and no activations were allocated");
  const larger = await prepare(model, { width: 640, height: 320, prompt: "things", hiresScale: 2 });
  assert.throws(() => fitWithin(0.001, model, [larger]), /to draw 1280×640/);
  model.close();
  device.close();
});
