/** Once a picture's steps have begun, nothing is made on the device and nothing is read back, whatever the sampler. */
import assert from "@std/assert";
import { generate } from "../../src/generate.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import type { SamplerName } from "../../src/sample/names.ts";
import { testDevice } from "../ops/harness.ts";

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
  const plan = planFromRegions({ regions: "a [red|green] apple BREAK a pear", splitRatio: "1,2", mode: "bind" });
  const model = await loadModel(new URL("../golden/models/sd1", import.meta.url).pathname, {
    device: await testDevice(),
  });
  try {
    for (
      const samplingMethod of [
        "euler_a",
        "dpm++sde",
        "dpm++3m_sde",
        "euler_cfg++",
        "unipc",
        "pndm",
      ] satisfies SamplerName[]
    ) {
      const counter = countCalls(targets);
      try {
        const steps = generate(model, {
          plan,
          width: 64,
          height: 64,
          steps: 4,
          samplingMethod,
        });
        await steps.next();
        assert.ok(counter.calls.get("createBindGroup")! > 0, "the counter does not count");
        counter.calls.clear();
        for (let step = 2; step <= 4; step++) assert.equal((await steps.next()).done, false);
        assert.deepEqual([...counter.calls], [], samplingMethod);
        await steps.return(undefined as never);
      } finally {
        counter.restore();
      }
    }
  } finally {
    model.close();
  }
});
