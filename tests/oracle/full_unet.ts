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
import { readUNetConfig, sinusoids, timeDim, unet } from "../../src/nn/unet.ts";
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
  const config = readUNetConfig(checkpoint.unet.config);
  const sample = channelsLast(await part("sample")), expected = channelsLast(await part("output")).values;
  const context = await part("context"), { values: timestep } = await part("timestep");
  const [, tokens, width] = context.shape;

  const weights = new Weights(device, precision, "unet");
  const graph = new Graph(device, "prompts", precision), g = new Graph(device, "unet", precision);
  const inputs = { latents: g.input("latents", sample.shape), time: g.input("time", [1, 1, timeDim(config)]) };
  const conditioning = {
    graph,
    context: graph.input("context", [1, tokens, width]),
    added: config.addedDim ? graph.input("added", [1, 1, config.addedDim]) : undefined,
    map: (height: number, width: number) => ({
      regionOfRow: new Uint32Array(height * width),
      sights: [{ start: 0, count: tokens }],
    }),
  };
  const out = g.output(unet(g, weights, config, inputs, conditioning));
  const started = performance.now();
  await weights.load(checkpoint.unet.source);
  const loaded = performance.now();
  const [prompts, program] = [await graph.compile(), await g.compile()];
  writeFloats(device, conditioning.context, context.values);
  if (conditioning.added) {
    const pooled = await part("text_embeds"), sizes = await part("time_ids");
    writeFloats(device, conditioning.added, [
      ...pooled.values,
      ...sinusoids([...sizes.values], config.addedTimeDim, config),
    ]);
  }
  writeFloats(device, inputs.latents, sample.values);
  writeFloats(device, inputs.time, sinusoids([...timestep], timeDim(config), config));
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
