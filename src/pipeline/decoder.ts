/**
 * Latents to pixels.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { readTensor, writeTensor } from "../gpu/storage.ts";
import { floatBits, padChannels } from "../gpu/tensor.ts";
import { decode } from "../nn/vae.ts";
import { pixels } from "../ops/elementwise.ts";
import { CALL_WORDS, latentsIn } from "../ops/latents.ts";
import type { DeviceLatents, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";

/** An 8-bit picture. */
export interface Picture {
  width: number;
  height: number;
  /** RGBA, row by row, opaque. */
  data: Uint8Array;
}

/**
 * Decodes a slot. Where the VAE overflows f16, it is loaded again in f32 and the picture decoded anew.
 * @throws GpuError where the picture holds numbers that are none even in f32
 */
export async function decodePicture(model: Model, latents: DeviceLatents, slot: Slot): Promise<Picture> {
  const picture = await decodeOnce(model, latents, slot);
  if (picture) return picture;
  if (model.vaeWeights.precision === "f16") {
    await model.upcastVae();
    const again = await decodeOnce(model, latents, slot);
    if (again) return again;
  }
  throw new GpuError(
    "The picture holds values that are no numbers, so it was not kept. The model may overflow f16: try --type f32.",
  );
}

/** The picture, or nothing where it holds values that are no numbers. */
async function decodeOnce(model: Model, latents: DeviceLatents, slot: Slot): Promise<Picture | undefined> {
  const { device, vaeConfig: config, vaeWeights: weights } = model;
  const g = new Graph(device, "vae decoder", weights.precision);
  const call = g.input("call", [CALL_WORDS], "u32", "plain");
  const { multiply, add } = latentAffine(model);
  const affine = { multiply: g.constant("multiply", multiply), add: g.constant("add", add) };
  const input = latentsIn(g, latents.tensor, call, 1, affine);
  const decoded = decode(g, weights, config, input);
  const out = g.output(pixels(g, decoded));
  const [, height, width] = decoded.shape;
  const program = await g.compile();
  try {
    writeTensor(device, call, Uint32Array.of(slot, floatBits(1), 0));
    program.run();
    const data = new Uint8Array(await readTensor(device, out), 0, width * height * 4);
    for (let i = 3; i < data.length; i += 4) if (data[i] === 0) return undefined;
    return { width, height, data };
  } finally {
    program.destroy();
  }
}

/** Per channel, z = latents / scaling factor + shift; with a config's latents_mean and latents_std (Playground v2.5) also · std + mean. */
export function latentAffine(model: Model) {
  const { latentChannels: c, scalingFactor, shiftFactor } = model.vaeConfig;
  const padded = padChannels(c);
  const { latents_mean: mean, latents_std: std } = model.checkpoint.vae.config as {
    latents_mean?: number[];
    latents_std?: number[];
  };
  const multiply = new Float32Array(padded);
  const add = new Float32Array(padded);
  for (let i = 0; i < c; i++) {
    multiply[i] = (std?.[i] ?? 1) / scalingFactor;
    add[i] = (mean?.[i] ?? 0) + shiftFactor;
  }
  return { multiply, add };
}
