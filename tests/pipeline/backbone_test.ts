/** A backbone of another kind, written here: a transformer of three blocks over patches of two latents' side. */
import assert from "@std/assert";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { CancelledError } from "../../src/errors.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { generate, paint } from "../../src/generate.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { type Backbone, recordSmallest } from "../../src/nn/backbone.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { sinusoids } from "../../src/nn/unet.ts";
import { type Layers, Weights } from "../../src/nn/weights.ts";
import { attention, type AttentionMap, selfMap } from "../../src/ops/attention.ts";
import { conv3x3, linear } from "../../src/ops/matmul.ts";
import { layerNorm } from "../../src/ops/norm.ts";
import { Graph } from "../../src/gpu/graph.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { Model } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { random } from "../ops/harness.ts";

const WIDTH = 32, HEADS = { count: 2, width: 16 }, TIME = 16;

/** Three blocks: self-attention, attention to the prompts, two linear layers; the timestep shifts every patch. */
const patchTransformer = (contextDim: number, latentChannels: number): Backbone => ({
  inChannels: latentChannels,
  outChannels: latentChannels,
  contextDim,
  leastSide: 2,
  stepVectors: {
    moment: {
      width: TIME,
      of: ({ timestep }) => sinusoids([timestep], TIME, { flipSinToCos: true, freqShift: 0 }),
    },
  },
  entryVectors: {},
  record(g, w, { latents, step: { moment } }, prompts) {
    const [batch, height, width] = latents.shape;
    const shift = linear(g, moment, w.matrix("moment", TIME, WIDTH));
    let h = conv3x3(g, latents, w.matrix("patches", latentChannels, WIDTH, { taps: 9, stride: 2 }), {
      stride: 2,
      shift,
    });
    const [, rows, columns] = h.shape;
    const self = selfMap(batch, rows * columns), seen = prompts.map(rows, columns);
    for (let i = 0; i < 3; i++) {
      const layer = (name: string, x: Tensor, out = WIDTH) => linear(g, x, w.matrix(`${i}.${name}`, WIDTH, out));
      const attend = (name: string, x: Tensor, kv: Tensor, map: AttentionMap) =>
        linear(
          g,
          attention(g, { q: layer(`${name}.q`, x), kv }, HEADS, map),
          w.matrix(`${i}.${name}.out`, WIDTH, WIDTH),
          {
            residual: h,
          },
        );
      const norm = (name: string) => layerNorm(g, h, w.norm(`${i}.${name}`, WIDTH, 1e-5));
      let x = norm("norm1");
      h = attend("self", x, layer("self.kv", x, 2 * WIDTH), self);
      const kv = prompts.keys.get(`${i}`) ??
        prompts.graph.output(linear(prompts.graph, prompts.context, w.matrix(`${i}.kv`, contextDim, 2 * WIDTH)));
      prompts.keys.set(`${i}`, kv);
      h = attend("cross", norm("norm2"), kv, seen);
      x = linear(g, norm("norm3"), w.matrix(`${i}.up`, WIDTH, 2 * WIDTH), { activation: "gelu" });
      h = linear(g, x, w.matrix(`${i}.down`, 2 * WIDTH, WIDTH), { residual: h });
    }
    return conv3x3(g, h, w.matrix("pixels", WIDTH, latentChannels, { taps: 9 }), { upsampleTo: [height, width] });
  },
});

/** Small random numbers for all that a network declares. */
async function randomWeights(network: Backbone): Promise<TensorSource> {
  const device = await openDevice();
  const weights = new Weights(device, "f32", "shapes");
  const entries: Record<string, { shape: number[]; values: Float32Array }> = {};
  const add = (name: string, shape: number[], around: number, scale: number) => {
    const values = random(shape.reduce((a, b) => a * b, 1), Object.keys(entries).length + 1);
    entries[name] = { shape, values: values.map((v) => around + v * scale) };
  };
  const noting: Layers = {
    matrix(name, inChannels, outChannels, options = {}) {
      const kernel = options.taps === 9 ? [3, 3] : [];
      add(`${name}.weight`, [outChannels, inChannels, ...kernel], 0, 1.5 / Math.sqrt(inChannels * (options.taps ?? 1)));
      add(`${name}.bias`, [outChannels], 0, 0.1);
      return weights.matrix(name, inChannels, outChannels, options);
    },
    norm(name, channels, epsilon) {
      add(`${name}.weight`, [channels], 1, 0.1);
      add(`${name}.bias`, [channels], 0, 0.1);
      return weights.norm(name, channels, epsilon);
    },
  };
  recordSmallest(new Graph(device, "shapes", "f32"), noting, network);
  device.close();
  return arraysSource(entries);
}

Deno.test("another backbone draws through generate(): regions, streaming and the memory plan come with it", async () => {
  const checkpoint = await openCheckpoint(BUNDLED_MODEL);
  const contextDim = Number(checkpoint.textEncoders[0].config.hidden_size);
  const network = patchTransformer(contextDim, Number(checkpoint.vae.config.latent_channels));
  const unet = { config: { _class_name: "PatchTransformer" }, source: await randomWeights(network) };
  const backbones = { PatchTransformer: () => network };
  const plan = (mode: "attention" | "canvas", right = "a blue cup") =>
    planFromRegions({ regions: ["a red apple", right], basePrompt: "two things", mode });
  const options = { width: 96, height: 64, steps: 3, samplingMethod: "dpm++2m" as const, seed: 3 };

  const pictures: Record<string, Uint8Array> = {};
  for (const offload of [false, true, "stream"] as const) {
    using device = await openDevice();
    const model = new Model(device, { ...checkpoint, unet, close: () => {} }, "f16", {
      offload,
      backbones,
      streamWindow: 2 ** 14,
    });
    for (const mode of ["attention", "canvas"] as const) {
      pictures[`${mode} ${offload}`] = (await paint(model, { ...options, plan: plan(mode) })).image.data;
    }
    pictures[`other ${offload}`] = (await paint(model, { ...options, plan: plan("attention", "a pear") })).image.data;
    const needs = await Promise.all(
      (["attention", "canvas"] as const).map(async (mode) =>
        memoryNeed(model, await prepare(model, { ...options, plan: plan(mode) })).peak
      ),
    );
    const more = device.peakBytes - Math.max(...needs);
    assert.ok(Math.abs(more) < 2 ** 20, `${offload}: planned ${needs}, allocated ${device.peakBytes}`);
    model.close();
  }
  checkpoint.close();
  for (const kind of ["attention", "canvas", "other"]) {
    assert.deepEqual(pictures[`${kind} true`], pictures[`${kind} false`]);
    assert.deepEqual(pictures[`${kind} stream`], pictures[`${kind} false`]);
  }
  assert.notDeepEqual(pictures["canvas false"], pictures["attention false"], "modes differ");
  assert.notDeepEqual(pictures["other false"], pictures["attention false"], "prompts are seen");
});

Deno.test("drawings of one model wait for one another, and one that is left early lets the next one begin", async () => {
  using device = await openDevice();
  using model = new Model(device, await openCheckpoint(BUNDLED_MODEL), "f16", { offload: true });
  const options = (seed: number) => ({ prompt: "a red apple", width: 64, height: 64, steps: 2, seed });
  const alone = await paint(model, options(1));
  const rest = device.allocatedBytes;
  const log: string[] = [];
  const left = generate(model, options(5));
  await left.next();
  const [one, two] = [1, 2].map((seed) =>
    paint(model, { ...options(seed), onStep: ({ step }) => log.push(`${seed}.${step}`) })
  );
  // Who waits need not wait to be cancelled, and holds up nobody.
  const waiting = new AbortController();
  const impatient = paint(model, { ...options(6), signal: waiting.signal });
  waiting.abort();
  await assert.rejects(impatient, CancelledError);
  const three = paint(model, options(1));
  await left.return(undefined as never);
  await assert.rejects(paint(model, { ...options(3), onStep: () => Promise.reject(new Error("enough")) }), /enough/);
  const controller = new AbortController();
  const cancelled = paint(model, {
    ...options(4),
    signal: controller.signal,
    onStep: () => controller.abort("enough"),
  });
  await assert.rejects(cancelled, (error: Error) => error instanceof CancelledError && error.cause === "enough");
  for (const picture of [one, three]) assert.deepEqual((await picture).image.data, alone.image.data);
  await two;
  assert.deepEqual(log, ["1.1", "1.2", "2.1", "2.2"]);
  assert.equal(device.allocatedBytes, rest);
});
