/** A LoRA of one region while phases change and weights stream: the same picture in every way of drawing it. */
import assert from "@std/assert";
import { paint } from "../../src/generate.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { loadModel, type LoadOptions } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { inFolder, tinyModel } from "../model/files.ts";
import { testDevice } from "../ops/harness.ts";
import { adapterSpecs, writeAdapter } from "./adapter_files.ts";

const golden = new URL("../golden", import.meta.url).pathname;

Deno.test("a region's LoRA holds through both phases of bind mode, streamed weights or not, in textures and in buffers", () =>
  inFolder(async (loraDir) => {
    await writeAdapter(`${loraDir}/ink.safetensors`, adapterSpecs(golden).kohya);
    const device = await testDevice();
    const options = {
      plan: planFromRegions({ regions: "a teapot <lora:ink:0.8> BREAK an apple", splitRatio: "1,1", mode: "bind" }),
      ...{ width: 64, height: 48, steps: 2, seed: 3, bind: 0.5 },
    };
    const draw = async (load: LoadOptions) => {
      const model = await loadModel(tinyModel("sd1"), { type: "f32", device, loraDir, ...load });
      try {
        const drawing = await prepare(model, options);
        assert.ok(drawing.phases.length === 2 && drawing.loras.regional);
        return { data: (await paint(model, options)).image.data, need: memoryNeed(model, drawing).peak };
      } finally {
        model.close();
      }
    };
    const inked = await draw({});
    const streamed = await draw({ offload: "stream", streamWindow: 2 ** 18 });
    assert.deepEqual(streamed.data, inked.data);
    assert.ok(streamed.need < inked.need);
    const buffers = await draw({ device: await testDevice("like a GPU") });
    const off = (other: ArrayLike<number>) =>
      inked.data.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0) / inked.data.length;
    assert.ok(off(buffers.data) < 0.5, `${off(buffers.data)} levels`);
  }));
