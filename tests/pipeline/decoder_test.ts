/**
 * Decoding: a picture that overflows f16 is decoded in f32, alone; what is no picture is an error and leaves nothing
 * behind.
 */
import assert from "@std/assert";
import { GpuError } from "../../src/errors.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { paint } from "../../src/generate.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import type { Checkpoint } from "../../src/model/parts.ts";
import { Model } from "../../src/pipeline/model.ts";

/** `source` with the numbers of some tensors multiplied. All of the tiny models' are f16 or f32. */
function scaled(source: TensorSource, names: RegExp, factor: number): TensorSource {
  return {
    ...source,
    async read(name, into, start) {
      await source.read(name, into, start);
      const { dtype } = source.tensors.get(name)!;
      if (!names.test(name)) return;
      const values = toFloat32(into, dtype).map((value) => value * factor);
      into.set(new Uint8Array((dtype === "F16" ? Float16Array.from(values) : values).buffer));
    },
  };
}

const open = () => openCheckpoint(new URL("../golden/models/sd1", import.meta.url).pathname);
const options = { prompt: "a red apple", width: 64, height: 64, steps: 2 };

Deno.test("a picture that overflows f16 is decoded in f32, and the next one in f16 again", async () => {
  using device = await openDevice();
  const checkpoint = await open();
  // The norms behind the first convolution take any scale: in f32 the picture is the same.
  const source = scaled(checkpoint.vae.source, /^decoder\.(conv_in|mid_block\..*conv2|mid_block\..*to_out\.0)\./, 3e4);
  const wide: Checkpoint = { ...checkpoint, vae: { ...checkpoint.vae, source }, close: () => {} };
  const [exact] = await Promise.all([draw(wide, "f32")]);
  const model = new Model(device, wide, "f16");
  const first = await paint(model, options);
  const held = device.allocatedBytes;
  const again = await paint(model, options);
  assert.deepEqual(again.image.data, first.image.data);
  assert.equal(device.allocatedBytes, held);
  assert.equal(model.decoder.weights.precision, "f16");
  const off = first.image.data.reduce((sum, v, i) => sum + Math.abs(v - exact[i]), 0) / exact.length;
  assert.ok(off < 2, `${off} levels from f32 on average`);
  model.close();

  async function draw(checkpoint: Checkpoint, precision: "f32" | "f16") {
    const model = new Model(device, checkpoint, precision);
    const { image } = await paint(model, options);
    model.close();
    return image.data;
  }
});

Deno.test("latents that are no numbers are an error that says so, and no VAE is loaded anew for them", async () => {
  using device = await openDevice();
  const checkpoint = await open();
  const unet = { ...checkpoint.unet, source: scaled(checkpoint.unet.source, /^conv_out\./, 6e4) };
  const model = new Model(device, { ...checkpoint, unet }, "f16");
  await assert.rejects(paint(model, { ...options, cfgScale: 30 }), (error: Error) => {
    return error instanceof GpuError && /latents hold NaN or Inf values.*--type f32/.test(error.message);
  });
  assert.equal(model.decoder.weights.ready, true);
  model.close();
});

Deno.test("a size that the device cannot hold is refused in our words, and nothing stays allocated", async () => {
  using device = await openDevice();
  Object.defineProperty(device, "maxBinding", { value: 2 ** 27 }); // some GPUs hold all of these
  using model = new Model(device, await open(), "f16", { offload: true });
  const before = device.allocatedBytes;
  for (const size of [{ width: 8192, height: 8192 }, { width: 4096, height: 8192 }]) {
    await assert.rejects(paint(model, { ...options, ...size, vaeTiling: "on" }), (error: Error) => {
      return error instanceof GpuError && /Choose a smaller size/.test(error.message);
    });
  }
  assert.ok(device.allocatedBytes - before < 2 ** 16, `${device.allocatedBytes - before} bytes stay`);
});
