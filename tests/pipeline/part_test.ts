/** Parts: declared by what a network records, checked against their file, loaded and let go by name. */
import assert from "@std/assert";
import { ModelError } from "../../src/errors.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { Model } from "../../src/pipeline/model.ts";

const tiny = new URL("../golden/models/sdxl", import.meta.url).pathname;

Deno.test("a model's parts have names, and the VAE's encoder is one from when it is first asked for", async () => {
  using device = await openDevice();
  using model = new Model(device, await openCheckpoint(tiny), "f16");
  const names = () => model.parts.map(({ name }) => name);
  assert.deepEqual(names(), ["text_encoder", "text_encoder_2", "unet", "vae_decoder"]);
  const { encoder } = model;
  assert.equal(model.encoder, encoder);
  assert.deepEqual(names().at(-1), "vae_encoder");
  assert.equal(encoder.weights.precision, model.decoder.weights.precision);

  const before = device.allocatedBytes;
  {
    using _there = await model.hold({ name: "embedding", parts: [encoder], heldBytes: 0, record: () => [] }, true);
    assert.ok(encoder.weights.ready && device.allocatedBytes >= before + encoder.weights.bytes);
  }
  assert.equal(device.allocatedBytes, before);
});

Deno.test("a part whose file lacks something is refused by name", async () => {
  using device = await openDevice();
  const checkpoint = await openCheckpoint(tiny);
  const tensors = new Map(checkpoint.unet.source.tensors);
  tensors.delete("conv_in.bias");
  const unet = { ...checkpoint.unet, source: { ...checkpoint.unet.source, tensors } };
  assert.throws(() => new Model(device, { ...checkpoint, unet }, "f16"), (error: Error) => {
    return error instanceof ModelError && /unet:\s+missing conv_in\.bias/.test(error.message);
  });
  checkpoint.close();
});
