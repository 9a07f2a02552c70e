/**
 * Pictures of unfinished latents.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import { padChannels } from "../gpu/tensor.ts";
import { decode } from "../nn/vae.ts";
import type { Picture } from "../picture/picture.ts";
import { byVae, decodePicture, decodeTiny, latentAffine } from "./decoder.ts";
import type { Drawing } from "./drawing.ts";
import type { DeviceLatents, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";

/** Latents along each side of the patches that are decoded to measure a colour: enough to be free of the border. */
const PATCH = 3;

/**
 * "vae" decodes the latents; "tae" does by the drawing's TAESD; "proj" maps each latent pixel to one colour by a linear
 * projection.
 */
export function previewer(
  model: Model,
  drawing: Drawing,
  latents: DeviceLatents,
): (kind: PreviewKind, slot: Slot) => Promise<Picture> {
  let projection: Promise<Projection> | undefined;
  return async (kind, slot) => {
    if (kind === "tae") return await tinyPreview(model, drawing, latents, slot);
    if (kind === "vae") return await decodePicture(model, byVae(model, drawing), latents, slot);
    projection ??= measure(model, byVae(model, drawing));
    return project(await projection, await latents.read(slot), latents);
  };
}

/** How a preview is made. */
export type PreviewKind = "proj" | "tae" | "vae";

async function tinyPreview(model: Model, { tiny, offload }: Drawing, latents: DeviceLatents, slot: Slot) {
  if (!tiny) throw new UsageError("--preview tae needs a TAESD: name its file with --taesd.");
  return await decodeTiny(model, tiny, offload, latents, slot);
}

/** Colour = bias + Σ latent[c] · slope[c], in −1 … 1. */
interface Projection {
  bias: number[];
  slope: number[][];
}

/**
 * Measures the projection on the model's own decoder, so that it holds for any VAE: the colour of a flat patch of
 * zeros, and how it moves with each latent channel.
 */
async function measure(model: Model, { stages, offload }: Drawing): Promise<Projection> {
  using _there = await model.hold(stages.decoding, offload);
  const { device, decoder: { network: config, weights } } = model;
  const c = config.latentChannels;
  const padded = padChannels(c);
  const g = new Graph(device, "preview", weights.precision);
  const input = g.input("patches", [c + 1, PATCH, PATCH, padded]);
  const out = g.output(decode(g, weights, config, input));
  const program = await g.compile();
  try {
    const { multiply, add } = latentAffine(config);
    const values = new Float32Array((c + 1) * PATCH * PATCH * padded);
    for (let i = 0; i < values.length; i++) {
      const channel = i % padded;
      const moved = Math.floor(i / padded / PATCH / PATCH) === channel + 1 ? 1 : 0;
      values[i] = moved * multiply[channel] + add[channel];
    }
    writeFloats(device, input, values);
    program.run();
    const [, height, width, stride] = out.shape;
    const decoded = await readFloats(device, out);
    const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * stride;
    const colour = (patch: number) => [0, 1, 2].map((i) => decoded[patch * height * width * stride + middle + i]);
    const bias = colour(0);
    const slope = Array.from({ length: c }, (_, i) => colour(i + 1).map((v, rgb) => v - bias[rgb]));
    return { bias, slope };
  } finally {
    program.destroy();
  }
}

function project({ bias, slope }: Projection, values: Float32Array, { size }: DeviceLatents): Picture {
  const { width, height } = size;
  const area = width * height;
  const data = new Uint8Array(area * 4).fill(255);
  for (let i = 0; i < area; i++) {
    for (let rgb = 0; rgb < 3; rgb++) {
      let v = bias[rgb];
      for (let c = 0; c < slope.length; c++) v += values[c * area + i] * slope[c][rgb];
      data[i * 4 + rgb] = Math.max(0, Math.min(255, Math.round((v / 2 + 0.5) * 255)));
    }
  }
  return { width, height, data };
}
