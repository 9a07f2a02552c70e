import assert from "@std/assert";
import { tilingWithin } from "../../src/cli/max_vram.ts";
import { GpuError } from "../../src/errors.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/io/checkpoint.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { Model } from "../../src/pipeline/model.ts";
import { TINY_MODEL } from "./program.ts";

Deno.test("--max-vram lets a picture be, has it decoded in tiles, or refuses it before any work", async () => {
  const device = await openDevice();
  const model = new Model(device, await openCheckpoint(TINY_MODEL), "f16", true);
  const before = device.allocatedBytes;
  const size = { width: 1024, height: 512 };
  assert.equal(tilingWithin(1, model, size), undefined);
  assert.equal(tilingWithin(1, model, { ...size, vaeTiling: "off" }), "off");
  // Decoding the whole picture is what needs the most; just below that it goes in tiles.
  const { peak } = memoryNeed(model, size.width, size.height);
  assert.equal(tilingWithin((peak - 1) / 2 ** 30, model, size), "on");
  assert.throws(() => tilingWithin(0.01, model, size), (error: Error) => {
    return error instanceof GpuError &&
      /sd1 needs 0\.02 GiB to draw 1024×512, more than the 0\.01 GiB/.test(error.message);
  });
  assert.ok(device.allocatedBytes - before < 2 ** 20, "no weights and no activations were allocated");
  model.close();
  device.close();
});
