/** Parts: declared by what a network records, checked against their file, loaded and let go by name. */
import assert from "@std/assert";
import { CancelledError, ModelError } from "../../src/errors.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { safetensorsHead } from "../../src/formats/safetensors.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { taesdDecode } from "../../src/nn/taesd.ts";
import { Weights } from "../../src/nn/weights.ts";
import { generate, paint } from "../../src/generate.ts";
import { pictureBytes } from "../../src/save_picture.ts";
import { loadModel, Model } from "../../src/pipeline/model.ts";
import { inFolder } from "../model/files.ts";
import { testDevice } from "../ops/harness.ts";

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
  const [first, { config, source }] = checkpoint.textEncoders;
  const textEncoders = [first, { config: { ...config, architectures: ["CLIPTextModel"] }, source }];
  assert.throws(() => new Model(device, { ...checkpoint, textEncoders }, "f16"), (error: Error) => {
    return error instanceof ModelError && /the last text encoder's 0 do not add up/.test(error.message);
  });
  checkpoint.close();
});

/** A TAESD decoder with weights of 0. */
async function writeTaesd(path: string): Promise<void> {
  const config = { latentChannels: 4, width: 8, decoder: [1, 1, 1, 1], factor: 8 };
  const g = new Graph(await testDevice(), "taesd", "f32");
  const declared = new Weights(g.device, "f32", "taesd");
  taesdDecode(g, declared, config, g.input("latents", [1, 1, 1, 4]));
  const tensors = declared.list.flatMap(({ name, inChannels, outChannels, bias }) => [
    { name: `${name}.weight`, dtype: "F32" as const, shape: [outChannels, inChannels, 3, 3] },
    ...(bias ? [{ name: `${name}.bias`, dtype: "F32" as const, shape: [outChannels] }] : []),
  ]);
  const bytes = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 4), 0);
  await Deno.writeFile(path, new Uint8Array([...safetensorsHead(tensors), ...new Uint8Array(bytes)]));
}

Deno.test("a model leaves nothing on a device that others use: neither when it is closed, nor where loading fails", () =>
  inFolder(async (folder) => {
    using device = await openDevice();
    const taesd = `${folder}/taesd.safetensors`;
    await writeTaesd(taesd);
    const drawOnce = async () => {
      using model = await loadModel(tiny.replace("sdxl", "sd1"), { device });
      const { image } = await paint(model, { prompt: "x", width: 32, height: 32, steps: 1, taesd });
      assert.deepEqual([...new Set(image.data)], [0, 255], "decoded by the TAESD, whose picture is black");
      const [one, other] = await Promise.all([model.taesd(taesd), model.taesd(taesd)]);
      assert.equal(one, other, "opened once");
    };
    const stop = () => {
      throw new Error("enough");
    };
    const cancelOnce = () => assert.rejects(loadModel(tiny, { device, signal: AbortSignal.abort() }), CancelledError);
    const stopOnce = () => {
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      return assert.rejects(
        loadModel(tiny, { device, onProgress, checkpoint: { signal: controller.signal } }),
        CancelledError,
      );
    };
    const failOnce = () => assert.rejects(loadModel(tiny, { device, onProgress: stop }), /enough/);
    for (const use of [drawOnce, cancelOnce, stopOnce, failOnce]) {
      await use();
      const left = device.allocatedBytes; // operands that stand in for absent ones stay for the next model
      await use();
      assert.equal(device.allocatedBytes, left);
    }
  }));

Deno.test("an aborted signal ends loading in the middle of a part, of which nothing stays; the next try finds all of it", async () => {
  using device = await openDevice();
  const reads = { left: Infinity, abort: () => {} };
  /** The UNet's file, which aborts when so many pieces of it have been read. */
  const watch = (model: Model) => {
    const source = model.backbone.source!;
    const { read } = source;
    source.read = (...piece) => {
      if (reads.left-- === 0) reads.abort();
      return read.apply(source, piece);
    };
  };
  const cancelled = async (work: (signal: AbortSignal) => Promise<unknown>, left: number) => {
    const controller = new AbortController();
    Object.assign(reads, { left, abort: () => controller.abort() });
    await assert.rejects(work(controller.signal), CancelledError);
    assert.ok(reads.left > -3, `${-reads.left} pieces were read after the signal`);
  };
  const options = { prompt: "x", width: 32, height: 32, steps: 1 };
  for (const offload of [false, true, "stream"] as const) {
    using model = await loadModel(tiny.replace("sdxl", "sd1"), { device, lazy: true, offload });
    watch(model);
    const { image } = await paint(model, options);
    for (const { weights } of model.parts) weights.release();
    const before = device.allocatedBytes;
    for (const left of [0, 40, 150]) { // vectors come first
      await cancelled((signal) => paint(model, { ...options, prompt: `${left}`, signal }), left);
      if (!offload) model.textEncoders[0].weights.release(); // was loaded before
      assert.equal(device.allocatedBytes, before, `${offload} ${left}`);
    }
    assert.deepEqual((await paint(model, options)).image, image);
  }
});

Deno.test("a model is closed once, and what is asked of it then says so", async () => {
  const model = await loadModel(tiny.replace("sdxl", "sd1"));
  const options = { prompt: "x", width: 32, height: 32, steps: 2 };
  const drawn = await paint(model, options);
  const run = generate(model, options);
  await run.next();
  model.close();
  await assert.rejects(run.next(), /The model is closed/);
  await assert.rejects(paint(model, options), /The model is closed/);
  await assert.rejects(pictureBytes(drawn, model), /The model is closed/); // it takes the hashes from its files
  model.close();
});

Deno.test("what is opened while its model is closed is closed, too", () =>
  inFolder(async (folder) => {
    const taesd = `${folder}/taesd.safetensors`;
    await writeTaesd(taesd);
    using device = await openDevice();
    const model = await loadModel(tiny.replace("sdxl", "sd1"), { device, lazy: true });
    const opening = model.taesd(taesd);
    model.close();
    await assert.rejects(opening, /The model is closed/); // a file left open fails the test
  }));

Deno.test("a model that is closed while a drawing waits dispatches nothing more on a device that others use", async () => {
  using device = await openDevice();
  const options = { prompt: "x", width: 32, height: 32, steps: 1 };
  for (const label of ["sampling", "vae decoder"]) {
    const model = await loadModel(tiny.replace("sdxl", "sd1"), { device });
    await paint(model, options);
    const { compile } = Graph.prototype;
    Graph.prototype.compile = async function (signal) {
      const program = await compile.call(this, signal);
      if (this.label === label) model.close();
      return program;
    };
    try {
      await assert.rejects(paint(model, { ...options, prompt: "y" }), /The model (is|was) closed/);
    } finally {
      Graph.prototype.compile = compile;
    }
    await new Promise((resolve) => setTimeout(resolve)); // when errors of the device are told
    device.check();
  }
});
