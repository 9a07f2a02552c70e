/**
 * Evaluates the UNet of a model of published size once and says how far it is from torch's result (single_files.py).
 *
 * @module
 */
import type { Device, Precision } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { vectorInputs } from "../../src/nn/backbone.ts";
import { readUNet } from "../../src/nn/unet.ts";
import { Weights } from "../../src/nn/weights.ts";
import { readAll } from "../model/files.ts";
import { channelsLast, peak } from "../nn/goldens.ts";

/** How far our result is from torch's. */
export interface FullResult {
  /** The preset that the file was taken for. */
  preset: string;
  /** Largest error, as a share of the largest value. */
  worst: number;
  /** ‖ours − torch's‖ / ‖torch's‖ */
  overall: number;
  /** Largest value of torch's result. */
  peak: number;
  seconds: { load: number; run: number };
}

/** Evaluates `folder/family.safetensors` on the inputs in `folder/family_unet.safetensors`. */
export async function fullUnet(
  device: Device,
  precision: Precision,
  folder: string,
  family: string,
): Promise<FullResult> {
  const checkpoint = await openCheckpoint(`${folder}/${family}.safetensors`);
  const file = await openSafetensors(`${folder}/${family}_unet.safetensors`);
  const part = async (name: string) => {
    const { shape, dtype } = file.tensors.get(name)!;
    return { shape, values: toFloat32(await readAll(file, name), dtype) };
  };
  const network = readUNet(checkpoint.unet.config);
  const sample = channelsLast(await part("sample")), expected = channelsLast(await part("output")).values;
  const context = await part("context"), { values: timestep } = await part("timestep");
  const [, tokens, width] = context.shape;

  const weights = new Weights(device, precision, "unet");
  const graph = new Graph(device, "prompts", precision), g = new Graph(device, "unet", precision);
  const inputs = {
    latents: g.input("latents", sample.shape),
    step: vectorInputs(g, network.stepVectors, 1),
    entry: vectorInputs(g, network.entryVectors, 1),
  };
  const conditioning = {
    graph,
    context: graph.input("context", [1, tokens, width]),
    keys: new Map(),
    map: (height: number, width: number) => ({
      regionOfRow: new Uint32Array(height * width),
      sights: [{ start: 0, count: tokens }],
    }),
  };
  const out = g.output(network.record(g, weights, inputs, conditioning));
  const started = performance.now();
  await weights.load(checkpoint.unet.source);
  const loaded = performance.now();
  const [prompts, program] = [await graph.compile(), await g.compile()];
  writeFloats(device, conditioning.context, context.values);
  for (const [name, tensor] of Object.entries(inputs.entry)) {
    const { values: pooled } = await part("text_embeds"), { values: sizes } = await part("time_ids");
    writeFloats(device, tensor, network.entryVectors[name].of({ pooled, sizes: [...sizes] }));
  }
  writeFloats(device, inputs.latents, sample.values);
  writeFloats(device, inputs.step.time, network.stepVectors.time.of({ timestep: timestep[0], guidance: 1 }));
  prompts.run();
  program.run();
  const ours = await readFloats(device, out);
  const done = performance.now();

  prompts.destroy();
  program.destroy();
  weights.release();
  file.close();
  checkpoint.close();
  const errors = ours.map((v, i) => v - expected[i]);
  return {
    preset: checkpoint.preset.name,
    worst: peak(errors) / peak(expected),
    overall: Math.hypot(...errors) / Math.hypot(...expected),
    peak: peak(expected),
    seconds: { load: (loaded - started) / 1000, run: (done - loaded) / 1000 },
  };
}
