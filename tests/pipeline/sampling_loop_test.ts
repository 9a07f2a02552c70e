/**
 * Once a picture's steps have begun, nothing is made on the device and nothing is read back, whatever samples or
 * steers.
 */
import assert from "@std/assert";
import { generate } from "../../src/generate.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import type { SamplerName } from "../../src/sample/names.ts";
import { filled } from "../../src/picture/picture.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { inFolder } from "../model/files.ts";
import { testDevice } from "../ops/harness.ts";
import { adapterSpecs, writeAdapter } from "./adapter_files.ts";
import { writeControlNet } from "./control_net.ts";

const models = new URL("../golden/models", import.meta.url).pathname;

const SAMPLERS: SamplerName[] = ["euler_a", "dpm++sde", "dpm++3m_sde", "euler_cfg++", "unipc", "pndm"];

/** Counts calls of these methods until `restore`. */
function countCalls(targets: readonly (readonly [prototype: object, method: string])[]) {
  const calls = new Map<string, number>();
  const originals = targets.map(([prototype, method]) => {
    const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
    const original = methods[method];
    assert.equal(typeof original, "function", `${method} is not there to be counted`);
    methods[method] = function (this: unknown, ...args: unknown[]) {
      calls.set(method, (calls.get(method) ?? 0) + 1);
      return original.apply(this, args);
    };
    return () => void (methods[method] = original);
  });
  return { calls, restore: () => originals.forEach((undo) => undo()) };
}

Deno.test("the sampling loop makes and reads nothing", async () => {
  const { prototype: device } = GPUDevice;
  const targets = [
    [device, "createBuffer"],
    [device, "createTexture"],
    [device, "createBindGroup"],
    [device, "createShaderModule"],
    [device, "createComputePipeline"],
    [device, "createComputePipelineAsync"],
    [GPUBuffer.prototype, "mapAsync"],
  ] as const;
  const regions = "a [red|green] apple BREAK a pear <lora:ink:0.8>";
  const bound = {
    plan: planFromRegions({ regions, splitRatio: "1,2", mode: "bind" }),
    width: 64,
    height: 64,
    steps: 4,
  };
  const picture = filled(64, 64, [200, 40, 40, 255]);
  const half = filled(64, 64, [0, 0, 0, 255]);
  half.data.fill(255, half.data.length / 2);
  await inFolder(async (folder) => {
    await writeAdapter(`${folder}/ink.safetensors`, adapterSpecs(`${models}/..`).kohya);
    await writeControlNet(`${folder}/edges`, `${models}/sd1`, 1);
    using model = await loadModel(`${models}/sd1`, { device: await testDevice(), loraDir: folder });
    const ways: GenerateOptions[] = [
      ...SAMPLERS.map((samplingMethod) => ({ ...bound, samplingMethod })),
      { ...bound, samplingMethod: "heun", initImage: picture, mask: half },
      { ...bound, controlNets: [{ model: `${folder}/edges`, image: picture, end: 0.5 }] },
    ];
    for (const options of ways) {
      const counter = countCalls(targets);
      try {
        const steps = generate(model, options);
        await steps.next();
        assert.ok(counter.calls.get("createBindGroup")! > 0, "the counter does not count");
        counter.calls.clear();
        for (let step = 2; step <= 4; step++) assert.equal((await steps.next()).done, false);
        assert.deepEqual([...counter.calls], [], Object.keys(options).join());
        await steps.return(undefined as never);
      } finally {
        counter.restore();
      }
    }
  });
});
