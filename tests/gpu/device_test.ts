import assert from "@std/assert";
import { GpuError } from "../../src/errors.ts";
import { openDevice, writesTextures } from "../../src/gpu/device.ts";
import { testDevice } from "../ops/harness.ts";

Deno.test("waiting for a device ends with the reason of its signal, also where nothing is left to wait for", async () => {
  for (const kind of ["as it is", "like a GPU"] as const) {
    const device = await testDevice(kind);
    const reason = new Error("enough");
    await assert.rejects(device.finished(AbortSignal.abort(reason)), reason);
    await assert.rejects(device.until(Promise.resolve(), AbortSignal.abort(reason)), reason);
    await device.finished(new AbortController().signal);
  }
});

Deno.test("a device that there cannot be is refused by its number", async () => {
  for (const number of [-1, 0.5, NaN]) await assert.rejects(openDevice(number), GpuError, `${number}`);
  await assert.rejects(openDevice(-1), /whole number from 0, not -1/);
});

Deno.test("activations live in textures only where kernels may write them, which OpenGL's may not", async () => {
  const { gpu } = await testDevice();
  const opengl = new Proxy(gpu, {
    get(target, key) {
      if (key === "createTexture") {
        // Refused as OpenGL refuses it: by an error of the scope, not an exception.
        return (texture: GPUTextureDescriptor) => target.createTexture({ ...texture, size: [2 ** 20, 1] });
      }
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  assert.deepEqual([await writesTextures(gpu), await writesTextures(opengl)], [true, false]);
});
